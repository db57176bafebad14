import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mwaa_deploy.bundle.document import load_document
from mwaa_deploy.checks.settings import CheckSettings, DatabaseKind, RuleSetting
from mwaa_deploy.checks.verdicts import Severity
from mwaa_deploy.config import Config, parse_config, read_config
from mwaa_deploy.errors import ConfigInvalid, ProjectFileMissing
from mwaa_deploy.inputs import ConfigLocation

EVERYTHING = """\
airflow-version: 2.10.3
checks:
  network: allowed
  memory: 2 GiB
  processes: 512
  slow-dag-file: 1.5
  database: postgresql
  fixtures:
    variables: fixtures/variables.json
  custom-rules: our-rules
  rules:
    owner: {severity: warn, allowed: [data, ml]}
    no-empty-dag: fail
    tags: off
    catchup-off: false
  unit-tests:
    arguments: [-m, not slow]
    coverage-minimum: 80
    requirements: fixtures/dev.txt
"""


def parse(text: str, root: Path) -> Config:
    return parse_config(load_document(text), root=root, workspace=root)


def problems(text: str, root: Path) -> list[tuple[int, str]]:
    with pytest.raises(ConfigInvalid) as caught:
        parse(text, root)
    return list(caught.value.problems)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path.resolve()
    (root / "fixtures").mkdir()
    (root / "fixtures" / "variables.json").write_text("{}")
    (root / "fixtures" / "dev.txt").touch()
    (root / "our-rules").mkdir()
    return root


def test_everything_that_can_be_said_is_read(root):
    config = parse(EVERYTHING, root)

    assert config.airflow_version == "2.10.3"
    checks = config.checks
    assert (checks.network, checks.memory, checks.processes, checks.slow_dag_file) == (True, 2 * 1024**3, 512, 1.5)
    assert checks.database is DatabaseKind.POSTGRESQL
    assert checks.fixtures.paths == (root / "fixtures" / "variables.json",)
    assert checks.rules_folder == root / "our-rules"
    assert sorted(checks.rules, key=lambda rule: rule.name) == [
        RuleSetting(name="no-empty-dag", severity=Severity.FAIL),
        RuleSetting(name="owner", severity=Severity.WARN, parameters={"allowed": ("data", "ml")}),
    ]
    assert checks.tests.arguments == ("-m", "not slow")
    assert checks.tests.requirements == root / "fixtures" / "dev.txt"
    assert (checks.tests.coverage, checks.tests.coverage_minimum) == (True, 80)


@pytest.mark.parametrize("text", ["", "# nothing\n", "checks:\n", "{}"])
def test_nothing_said_means_the_defaults(text, root):
    assert parse(text, root) == Config(checks=CheckSettings())


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("- a\n", 1, "the file takes keys with values, not a list"),
        ("cheks: {}\n", 1, "cheks is not known here; there are airflow-version, checks, targets"),
        ("airflow-version: '2.10'\n", 1, "exact version"),
        ("\nchecks: yes\n", 2, "checks takes keys with values, not 'yes'"),
        ("checks:\n  network: open\n", 2, "checks.network takes one of none, allowed, not 'open'"),
        ("checks:\n  processes: 3\n", 2, "a whole number from 64 to 65536, not '3'"),
        ("checks:\n  processes: true\n", 2, "a whole number from 64 to 65536"),
        ("checks:\n  processes: 99999999\n", 2, "a whole number from 64 to 65536"),
        ("checks:\n  memory: 999999999999 TiB\n", 2, "no more than 16 TiB"),
        ("checks:\n  slow-dag-file: -1\n", 2, "a number from 0 on"),
        ("checks:\n  slow-dag-file: inf\n", 2, "a number from 0 on"),
        ("checks:\n  slow-dag-file: nan\n", 2, "a number from 0 on"),
        ("checks:\n  memory: 4 GB ram\n", 2, "a size such as '4 GiB'"),
        ("checks:\n  memory: 100 MiB\n", 2, "Airflow alone needs more"),
        ("checks:\n  database: mysql\n", 2, "one of sqlite, postgresql"),
        ("checks:\n  fixtures:\n    variables: none.json\n", 3, "there is no file none.json"),
        ("checks:\n  fixtures:\n    variables: ../outside.json\n", 3, "leads out of the workspace"),
        ("checks:\n  custom-rules: nowhere\n", 2, "there is no folder nowhere"),
        ('checks:\n  custom-rules: "a\\0b"\n', 2, "custom-rules: 'a\\x00b' can be no path"),
        (f"checks:\n  custom-rules: {'a' * 5000}\n", 2, "can be no path"),
        ('checks:\n  fixtures:\n    pools: "a\\0b"\n', 3, "pools: 'a\\x00b' can be no path"),
        (f"checks:\n  unit-tests:\n    requirements: {'a' * 5000}\n", 3, "can be no path"),
        ("checks:\n  rules:\n    tags:\n    owner: warn\n", 3, "checks.rules.tags takes off, warn or fail"),
        ("checks: {rules: {tags: , owner: warn}}\n", 1, "checks.rules.tags takes off, warn or fail"),
        ("checks:\n  rules:\n    owner:\n      allowed:\n", 4, "checks.rules.owner.allowed takes a"),
        ("checks:\n  rules:\n    ownr: warn\n", 3, "checks.rules.ownr is not known here"),
        ("checks:\n  rules:\n    owner: maybe\n", 3, "takes off, warn or fail"),
        ("checks:\n  rules:\n    owner:\n      severity: loud\n", 4, "one of off, warn, fail"),
        ("checks:\n  rules:\n    owner:\n      alowed: [a]\n", 4, "checks.rules.owner.alowed is not known here"),
        ("checks:\n  rules:\n    task-count:\n      maximum: many\n", 4, "checks.rules.task-count.maximum takes"),
        ("checks:\n  unit-tests:\n    coverage: some\n", 3, "true or false"),
        ("checks:\n  unit-tests:\n    requirements: dev.txt\n", 3, "there is no file dev.txt"),
        ("checks:\n  unit-tests:\n    requirements: ../dev.txt\n", 3, "leads out of the workspace"),
        ("checks:\n  unit-tests:\n    arguments: {a: b}\n", 3, "a list of texts"),
        ("checks:\n  unit-tests:\n    arguments: [--junitxml=x]\n", 3, "--junitxml"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_its_line(text, line, words, root):
    found = problems(text, root)

    assert [at for at, _ in found] == [line], found
    assert words in found[0][1]


def test_all_problems_are_reported_together_in_the_order_of_their_lines(root):
    found = problems("checks:\n  network: open\n  memory: much\n  rules: {ownr: fail}\nmore: 1\n", root)

    assert [line for line, _ in found] == [2, 3, 4, 5]


def test_the_file_is_looked_for_in_the_projects_folder(tmp_path):
    (tmp_path / "etl").mkdir()
    (tmp_path / "etl" / "mwaa-deploy.yml").write_text("airflow-version: 2.9.2\n")

    found = read_config(tmp_path, ConfigLocation(project_dir="etl"))

    assert (found.airflow_version, found.file) == ("2.9.2", tmp_path.resolve() / "etl" / "mwaa-deploy.yml")
    assert read_config(tmp_path, ConfigLocation()) == Config()


def test_a_rules_folder_is_used_where_it_is_usual(tmp_path):
    (tmp_path / "rules").mkdir()
    assert read_config(tmp_path, ConfigLocation()).checks.rules_folder is None
    (tmp_path / "rules" / "ours.py").touch()
    assert read_config(tmp_path, ConfigLocation()).checks.rules_folder == tmp_path.resolve() / "rules"


def test_a_file_that_was_named_must_be_there(tmp_path):
    with pytest.raises(ProjectFileMissing, match=r"none\.yml"):
        read_config(tmp_path, ConfigLocation(config_file="none.yml"))


def test_a_link_out_of_the_workspace_is_not_followed(tmp_path):
    (tmp_path / "secret.yml").write_text("airflow-version: 2.9.2\n")
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "mwaa-deploy.yml").symlink_to(tmp_path / "secret.yml")

    with pytest.raises(ConfigInvalid, match=r"1 problem\(s\) in mwaa-deploy.yml:\n- it is no file that can be read"):
        read_config(tmp_path / "work", ConfigLocation())


def test_a_folder_a_dangling_link_and_another_name_are_not_passed_over(tmp_path):
    (tmp_path / "mwaa-deploy.yml").mkdir()
    with pytest.raises(ConfigInvalid, match="it is no file that can be read"):
        read_config(tmp_path, ConfigLocation())
    (tmp_path / "mwaa-deploy.yml").rmdir()
    (tmp_path / "mwaa-deploy.yml").symlink_to("nowhere")
    with pytest.raises(ConfigInvalid, match="it is no file that can be read"):
        read_config(tmp_path, ConfigLocation())
    (tmp_path / "mwaa-deploy.yml").unlink()
    (tmp_path / "mwaa-deploy.yaml").write_text("airflow-version: 2.9.2\n")
    with pytest.raises(ConfigInvalid, match=r"in mwaa-deploy.yaml:\n- only mwaa-deploy.yml is read"):
        read_config(tmp_path, ConfigLocation())
    assert read_config(tmp_path, ConfigLocation(config_file="mwaa-deploy.yaml")).airflow_version == "2.9.2"
    (tmp_path / "mwaa-deploy.yml").touch()
    with pytest.raises(ConfigInvalid, match=r"only mwaa-deploy\.yml is read"):
        read_config(tmp_path, ConfigLocation())


def test_a_name_that_no_file_can_have_does_not_exist(tmp_path):
    with pytest.raises(ProjectFileMissing, match="does not exist"):
        read_config(tmp_path, ConfigLocation(config_file="a" * 5000))


def test_a_file_of_more_than_a_mebibyte_is_not_read(tmp_path):
    (tmp_path / "mwaa-deploy.yml").write_text("#" * (1024 * 1024) + "\n")
    with pytest.raises(ConfigInvalid, match="it is larger than 1 MiB"):
        read_config(tmp_path, ConfigLocation())


@pytest.mark.parametrize(
    ("body", "line"),
    [(b"a: [\n", 2), (b"a: 1\nb: \xff\n", 2), (b"a: 1\na: 2\n", 2), (b"a: &x 1\nb: *x\n", 2)],
)
def test_a_file_that_is_no_plain_yaml_is_one_clear_error(tmp_path, body, line):
    (tmp_path / "mwaa-deploy.yml").write_bytes(body)

    with pytest.raises(ConfigInvalid, match=f"line {line}"):
        read_config(tmp_path, ConfigLocation())


KEYS = st.sampled_from(["checks", "rules", "owner", "memory", "unit-tests", "arguments", "fixtures", "variables"])
DOCUMENTS = st.recursive(
    st.text(max_size=8) | st.booleans() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner)
)


@given(DOCUMENTS)
def test_whatever_is_written_is_read_or_refused_with_lines(tmp_path_factory, document):
    try:
        parse(json.dumps(document), tmp_path_factory.getbasetemp().resolve())
        found: tuple[tuple[int, str], ...] = ()
    except ConfigInvalid as error:
        found = error.problems

    assert all(line >= 1 and text for line, text in found)
