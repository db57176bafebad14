"""Becomes another program, with the variables that the startup script exported.

    python -I -S with_environment.py VALUES NAMES PROGRAM [ARGUMENT...]

Runs inside the runner, after all privileges are gone; standard library only, Python 3.7 and later. VALUES is a file,
{name: value}, as startup_script.py writes it. NAMES, separated by commas, keep the value that they have.
"""

import json
import os
import sys

_CANNOT_START = 127


def main():
    """Replace this process."""
    values, kept, argv = sys.argv[1], sys.argv[2].split(","), sys.argv[3:]
    with open(values, encoding="utf-8") as file:
        exported = json.load(file)
    os.environ.update({name: value for name, value in exported.items() if name not in kept})
    try:
        os.execvp(argv[0], argv)  # noqa: S606 -- without a shell on purpose
    except OSError as error:
        sys.stderr.write("%s: %s\n" % (argv[0], error.strerror))
        sys.exit(_CANNOT_START)


if __name__ == "__main__":
    main()
