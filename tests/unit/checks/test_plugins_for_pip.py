"""When pip has to wait until the plugins are in their place."""

from pathlib import PurePosixPath

import pytest

from mwaa_deploy.checks.layout import plan_layout
from mwaa_deploy.checks.plugins_for_pip import may_read_plugins
from mwaa_deploy.source.project import Project

DAGS = "/usr/local/airflow/dags"


@pytest.mark.parametrize(
    ("requirements", "waits"),
    [
        (None, False),
        ("requests==2.32.3\napache-airflow-providers-amazon\n", False),
        ('--constraint "https://example.com/constraints.txt"\nrequests\n', False),
        ("-c https://example.com/constraints.txt\n", False),
        (f'--constraint "{DAGS}/constraints.txt"\nrequests\n', False),
        (f"-c {DAGS}/wheels.txt\n", True),
        (f"-c {DAGS}/missing.txt\n", True),
        (f"-c {DAGS}/../secrets.txt\n", True),
        ("-c constraints.txt\n", True),
        ("  --find-links /usr/local/airflow\nrequests\n", True),
        ("-r more.txt\n", True),
        ("-e ./here\n", True),
        ("wheel @ file:///tmp/a.whl\n", True),
        ("/usr/local/airflow/plugins/a.whl\n", True),
        (f"-c {DAGS}/constraints.txt # of 2026\n", True),
    ],
)
def test_what_may_lead_to_the_plugins_waits_for_them(requirements, waits, tmp_path):
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags/constraints.txt").write_text("requests==2.32.3\n")
    (tmp_path / "dags/wheels.txt").write_text("a @ file:///usr/local/airflow/plugins/a.whl\n")
    file = tmp_path / "requirements.txt"
    if requirements is not None:
        file.write_text(requirements)
    project = Project(
        repository=tmp_path, root=tmp_path, dags=tmp_path / "dags", requirements=file if requirements else None
    )

    assert may_read_plugins(plan_layout(project, PurePosixPath("/usr/local/airflow"))) is waits
