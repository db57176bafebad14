"""Measures which lines of the DAGs and plugins run. For pytest_launcher.py.

Runs inside the runner; standard library and coverage.py only.
"""

import os
import sys

_QUIET = ["no-ctracer", "no-sysmon", "no-data-collected", "module-not-imported", "module-not-measured"]


class Measurement:
    """One measurement, from now until `write`.

    Args:
        folder: where the reports are written, coverage.json and coverage.xml.
        sources: the folders measured.
    """

    def __init__(self, folder, sources):
        if sys.version_info >= (3, 12):
            os.environ.setdefault("COVERAGE_CORE", "sysmon")  # what is quick without a compiled tracer
        import coverage  # noqa: PLC0415 -- only once sys.path is right

        self._folder = folder
        self._coverage = coverage.Coverage(
            data_file=os.path.join(folder, "coverage.data"), source=sources, config_file=False, messages=False
        )
        self._coverage.set_option("run:disable_warnings", _QUIET)
        self._error = coverage.CoverageException
        self._coverage.erase()
        self._coverage.start()

    def write(self):
        """End the measurement and write the reports."""
        self._coverage.stop()
        try:
            self._coverage.json_report(outfile=os.path.join(self._folder, "coverage.json"), ignore_errors=True)
            self._coverage.xml_report(outfile=os.path.join(self._folder, "coverage.xml"), ignore_errors=True)
        except self._error as error:
            sys.stderr.write("No coverage report: %s\n" % error)
