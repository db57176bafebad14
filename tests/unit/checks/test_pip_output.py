"""What pip prints when it fails, and the line it means. The outputs were recorded from pip itself."""

from pathlib import Path

import pytest

from mwaa_deploy.checks.pip_output import parse_pip_output
from mwaa_deploy.checks.requirement_lines import parse_requirements

RECORDED = Path(__file__).with_name("pip_outputs")
PATH = "/usr/local/airflow/requirements/requirements.txt"
MORE = "/usr/local/airflow/dags/more.txt"
CASES = {
    "address-404": (2, "HTTP error 404"),
    "address-dead": (2, "127.0.0.1"),
    "build-fails": (2, "Could not run curl-config"),
    "build-fails-for-path": (2, "no metadata for you"),
    "build-fails-for-python-2": (2, "No module named 'ConfigParser'"),
    "constraint-against-dependency": (3, "the constraints demand argcomplete==3.5.1"),
    "constraint-against-line": (3, "the constraints demand requests==2.32.3"),
    "constraints-address-404": (2, "404 Client Error: Not Found"),
    "constraints-address-busy": (2, "too many 503 error responses"),
    "constraints-address-page": (2, "<html>"),
    "constraints-address-refused": (2, "127.0.0.1"),
    "constraints-are-html": (1, "<html>"),
    "constraints-missing": (2, "/nowhere/constraints.txt"),
    "dependency-against-line": (2, "requests 2.32.3 depends on urllib3<3 and >=1.21.1"),
    "dependency-unknown": (2, "needed by tr"),
    "editable-missing": (1, "not a valid editable requirement"),
    "git-dead": (2, "cannot be fetched by git"),
    "hash-differs": (1, "does not have the hash"),
    "hash-missing": (2, "has no hash"),
    "hash-without-pin": (2, "no exact version"),
    "include-missing": (2, "No such file or directory"),
    "name-invalid": (2, "'foo bar baz' is not a valid requirement"),
    "name-unknown": (3, "there is no package of that name"),
    "named-twice": (1, "idna==3.6; the file asks for idna==3.7"),
    "no-index": (3, "No version of idna==3.7"),
    "offline": (1, "the package index could not be reached"),
    "option-unknown": (2, "no such option: --no-such-option"),
    "path-missing": (2, "No such file or directory"),
    "python-too-old": (2, "requires a different Python: 3.11.7 not in '>=3.13'"),
    "single-equals": (1, "'requests=2.32.3' is not a valid requirement"),
    "three-lines": (3, "botocore 1.29.0 depends on urllib3<1.27"),
    "version-unknown": (3, "3.1.0, 3.2.0, 3.3.0"),
    "wheel-of-other-system": (2, "is not a supported wheel on this platform"),
}


def recorded(pip: str, case: str) -> str:
    return (RECORDED / pip / f"{case}.txt").read_text(encoding="utf-8")


def requirements(case: str) -> str:
    return (RECORDED / "requirements" / f"{case}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("pip", ["pip-22.3.1", "pip-24.0", "pip-26.3"])
@pytest.mark.parametrize("case", CASES)
def test_a_failure_of_pip_is_understood_and_the_line_is_named(pip, case):
    line, words = CASES[case]

    problems = parse_pip_output(recorded(pip, case))

    includes = {"/usr/local/airflow/requirements/BC.txt": (PATH, 1)}
    files = {PATH: parse_requirements(requirements(case))}
    assert [problem.place_in(files, includes) for problem in problems] == [(PATH, line)]
    assert words in problems[0].message


def test_every_recorded_output_is_expected_to_mean_something():
    assert {path.stem for path in RECORDED.glob("*/*.txt")} == set(CASES)


def test_several_invalid_hashes_are_several_problems():
    both = recorded("pip-26.3", "hash-differs").replace(
        "(from -r /usr/local/airflow/requirements/requirements.txt (line 1)):",
        "(from -r /usr/local/airflow/requirements/requirements.txt (line 1)):\n"
        "        Expected sha256 bb\n             Got        cc\n\n"
        "    six==1.16.0 from https://files.example/six.whl"
        " (from -r /usr/local/airflow/requirements/requirements.txt (line 2)):",
    )

    problems = parse_pip_output(both)

    assert [problem.lines for problem in problems] == [((PATH, 1),), ((PATH, 2),)]


def test_an_unknown_failure_is_shown_as_it_is_with_what_pip_was_at():
    output = f"Collecting six==1.16.0 (from -r {PATH} (line 4))\nERROR: The moon is in the wrong phase.\n"

    (problem,) = parse_pip_output(output)

    assert problem.message == "The moon is in the wrong phase."
    assert problem.place_in({PATH: parse_requirements("\n\n\nsix==1.16.0\n")}, {}) == (PATH, 4)


@pytest.mark.parametrize(
    ("line", "place"),
    [
        (f"Collecting a (from -r {MORE} (line 2))\n", (MORE, 2)),
        ("Collecting nothing (from -r dags/more.txt (line 2))\n", (MORE, 2)),
        (f"Collecting a (from b->-r {PATH} (line 1))\n", (PATH, 1)),
        ("Collecting idna (from c)\n", (MORE, 3)),
        ("Collecting nothing (from c)\n", None),
    ],
)
def test_a_line_of_an_included_file_is_named_in_that_file(line, place):
    (problem,) = parse_pip_output(f"{line}ERROR: No.\n")

    files = {PATH: parse_requirements(f"b\n-r {MORE}\n"), MORE: parse_requirements("\na\nidna\n")}
    assert problem.place_in(files, {}) == place


def test_silence_is_a_problem_too():
    assert parse_pip_output("")[0].message == "pip failed without saying why."
