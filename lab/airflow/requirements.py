"""Installing the user's requirements the way MWAA does, with its rule about constraints.

As on MWAA, a failing pip is not a failing environment: it comes up with packages missing.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import requests

from lab.airflow.children import Children
from mwaa_deploy.runner.packages import LockedPackages

# The rule is written down here once more on purpose: a world that shared it with the program could not prove it.
_STATES_CONSTRAINTS = re.compile(r"-c |--constraint ")
_ADDRESS = re.compile(r"""^[ \t]*(?:-c|--constraint)[ \t=]*["']?(?P<url>https?://[^\s"']+)""", re.MULTILINE)
_MWAA_HOME = "/usr/local/airflow"
_FETCH_SECONDS = 10

_SECONDS = 9 * 60
"""What MWAA's image gives pip (amazon-mwaa-docker-images, mwaa/utils/user_requirements.py)."""


class Requirements:
    """Installs a requirements file into a virtual environment.

    Args:
        python: of the virtual environment.
        packages: what the image has; the constraints made of them stand for MWAA's.
        home: AIRFLOW_HOME.
        folder: for constraint files and pip's log.
        say: takes a line for the environment's log.
    """

    def __init__(
        self, *, python: Path, packages: LockedPackages, home: Path, folder: Path, say: Callable[[str], None]
    ) -> None:
        self._python = python
        self._home = home
        self._folder = folder
        self._say = say
        self._constraints = folder / "airflow_constraints.txt"
        self._essential = folder / "mwaa_essential_constraints.txt"
        self._packages = packages
        self._log = folder / "requirements.log"

    def install(self, text: str, *, children: Children, env: Mapping[str, str]) -> bool:
        """Install what a requirements file asks for; whether pip ended well."""
        self._constraints.write_text(self._packages.constraints(), encoding="utf-8")
        self._essential.write_text(self._packages.essential_constraints(), encoding="utf-8")
        file = self._folder / "requirements.txt"
        file.write_text(self._prepared(text), encoding="utf-8")
        argv = [str(self._python), "-m", "pip", "install", "--no-color", "--disable-pip-version-check"]
        argv += ["--constraint", str(self._essential), "-r", str(file)]
        if not _STATES_CONSTRAINTS.search(text):
            self._say("Constraints should be stated in requirements.txt; those of this Airflow are used")
            argv += ["-c", str(self._constraints)]
        code = children.run(argv, log=self._log, env=env, cwd=self._home, timeout=_SECONDS)
        outcome = "was ended after 9 minutes" if code is None else f"ended with exit code {code}"
        self._say(f"pip {outcome}; its words are in {self._log}")
        return code == 0

    def _prepared(self, text: str) -> str:
        for number, url in enumerate(dict.fromkeys(_ADDRESS.findall(text)), start=1):
            text = text.replace(url, str(self._fetched(url, number)))
        return text.replace(f"{_MWAA_HOME}/", f"{self._home}/")

    def _fetched(self, url: str, number: int) -> Path:
        try:
            answer = requests.get(url, timeout=_FETCH_SECONDS)
            answer.raise_for_status()
        except requests.RequestException as error:
            self._say(
                f"{url} cannot be had ({type(error).__name__}); the locked versions of this Airflow stand in for it"
            )
            return self._constraints
        destination = self._folder / f"constraints-{number}.txt"
        destination.write_bytes(answer.content)
        return destination
