"""Which checks run, and why: follows from the changes, and from nothing that is not known for certain.

The checks build on each other. The DAGs and the unit tests are judged with the startup script's variables and the
requirements' packages, so that these two always run first. A change among the DAGs concerns all that looks at DAGs,
which with what comes before it is every check; a change among the tests leaves DAGs and plugins as they were. Files of
which nothing is known run everything: a link among the DAGs may lead to them.
"""

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path, PurePosixPath

from mwaa_deploy.checks.settings import CheckSettings
from mwaa_deploy.checks.verdicts import CheckResult
from mwaa_deploy.inputs import MODES_OF_PROPOSALS, ChecksKind
from mwaa_deploy.parts import Part
from mwaa_deploy.source.changes import Changes, part_of
from mwaa_deploy.source.project import Project

CHECKS = ("startup-script", "requirements", "plugins", "dag-import", "dag-rules", "unit-tests")
"""The names of all checks, in their order."""

_OF_TESTS = ("startup-script", "requirements", "unit-tests")
_ON_DAGS = ("dag-import", "dag-rules", "unit-tests")

_DOCUMENTS = frozenset({".md", ".rst", ".adoc", ".png", ".svg", ".jpg", ".jpeg", ".gif", ".pdf", ".drawio"})
_TEMPLATES = frozenset({".yaml", ".yml", ".json", ".template"})
_HOUSEKEEPING = frozenset(
    {"LICENSE", "NOTICE", "AUTHORS", "CODEOWNERS", ".gitignore", ".gitattributes", ".editorconfig", ".mailmap"}
)
_TEST_SETTINGS = frozenset(
    {"conftest.py", "pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "tox.ini", "setup.cfg"}
    | {"pyproject.toml", ".coveragerc"}
)
_WORKFLOWS = (PurePosixPath(".github/workflows"), PurePosixPath(".github/actions"))


class Concern(IntEnum):
    """What a changed file can change the answer of."""

    NOTHING = 0
    TESTS = 1
    DAGS = 2
    EVERYTHING = 3


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Whether one check runs.

    Attributes:
        why: why it does or does not, as a sentence.
    """

    check: str
    runs: bool
    why: str


@dataclass(frozen=True, kw_only=True)
class Selection:
    """A choice for each check, in their order."""

    choices: tuple[Choice, ...]

    def runs(self, check: str) -> bool:
        """Whether the check runs."""
        return self._of(check).runs

    def why(self, check: str) -> str:
        """Why it does or does not, as a sentence."""
        return self._of(check).why

    @property
    def empty(self) -> bool:
        """Whether no check runs, so that no runner is needed."""
        return not any(choice.runs for choice in self.choices)

    def left_out(self, check: str) -> CheckResult:
        """The result of a check that does not run."""
        return CheckResult(check=check, skipped=self.why(check))

    def _of(self, check: str) -> Choice:
        return next(choice for choice in self.choices if choice.check == check)


def all_checks(why: str) -> Selection:
    """Every check, for one reason."""
    return Selection(choices=tuple(Choice(check=check, runs=True, why=why) for check in CHECKS))


def select_checks(
    changes: Changes | None,
    project: Project,
    *,
    kind: ChecksKind,
    event: str,
    settings: CheckSettings | None = None,
    config_file: Path | None = None,
) -> Selection:
    """Decide which checks run.

    Args:
        changes: what differs from the base; None if that is not known.
        project: where the parts lie.
        kind: what the input `checks` says.
        event: GitHub's name of the event; '' outside of GitHub.
        settings: names the folder of rules and the fixtures.
        config_file: absolute path of the configuration, if there is one.
    """
    if kind is ChecksKind.ALL:
        return all_checks("The input `checks` asks for all of them.")
    if not event:
        return all_checks("Outside of GitHub every check runs.")
    if event != "push" and event not in MODES_OF_PROPOSALS:
        return all_checks(f"Every check runs on the event {event}.")
    if changes is None:
        return all_checks("The changes are not known, so every check runs.")
    if changes.base.sha is None:
        return all_checks(f"There is no base to compare with, so every check runs: {changes.base.reason}.")
    own = _own_files(project, settings, config_file)
    paths = [file.path for files in (*changes.files.values(), changes.other) for file in files]
    concerns = {path: _concern(path, project, own) for path in sorted(paths)}
    return _select(concerns, since=_since(changes, event))


def _since(changes: Changes, event: str) -> str:
    passed = ", which passed" if event == "push" else ""
    return f"since {(changes.base.sha or '')[:12]}{passed} ({changes.base.reason})"


def _select(concerns: dict[str, Concern], *, since: str) -> Selection:
    worst = max(concerns.values(), default=Concern.NOTHING)
    causes = [path for path, concern in concerns.items() if concern is worst]
    more = f" and {len(causes) - 1} more" if len(causes) > 1 else ""
    if worst is Concern.NOTHING:
        why = f"No file changed {since}."
        if len(concerns) == 1:
            why = f"{causes[0]}, the only file changed {since}, does not concern it."
        elif concerns:
            why = f"None of the {len(concerns)} files changed {since} concerns it."
        return Selection(choices=tuple(Choice(check=check, runs=False, why=why) for check in CHECKS))
    changed = f"{causes[0]}{more} changed {since}."
    if worst is Concern.EVERYTHING:
        return all_checks(changed)
    looking = _ON_DAGS if worst is Concern.DAGS else ("unit-tests",)
    running = CHECKS if worst is Concern.DAGS else _OF_TESTS
    choices = []
    for check in CHECKS:
        if check in looking:
            why = changed
        elif check in running:
            what = "What looks at the DAGs builds" if worst is Concern.DAGS else "The unit tests build"
            why = f"{what} on it: {changed}"
        else:
            why = f"Only tests and their settings are among the {len(concerns)} files changed {since}."
        choices.append(Choice(check=check, runs=check in running, why=why))
    return Selection(choices=tuple(choices))


def _own_files(project: Project, settings: CheckSettings | None, config_file: Path | None) -> tuple[Path, ...]:
    """What the checks themselves are made of: configuration, rules, fixtures."""
    named = (config_file, settings.rules_folder, *settings.fixtures.paths) if settings else (config_file,)
    return (*(path for path in named if path), project.root / "mwaa-deploy.yml", project.root / "rules")


def _concern(path: str, project: Project, own: tuple[Path, ...]) -> Concern:
    pure, absolute = PurePosixPath(path), project.repository / path
    part = part_of(project, absolute)
    if any(absolute.is_relative_to(file) for file in own) or any(pure.is_relative_to(folder) for folder in _WORKFLOWS):
        return Concern.EVERYTHING
    if part is not None:
        return {Part.DAGS: Concern.DAGS, Part.TEMPLATE: Concern.NOTHING}.get(part, Concern.EVERYTHING)
    if project.tests is not None and absolute.is_relative_to(project.tests):
        return Concern.TESTS
    if pure.name in _TEST_SETTINGS and absolute.parent in {project.root, *_between(project)}:
        return Concern.TESTS
    return Concern.NOTHING if _is_beside(pure, absolute, project) else Concern.EVERYTHING


def _between(project: Project) -> tuple[Path, ...]:
    """The folders from the project's to that of the tests."""
    if project.tests is None:
        return ()
    return tuple(folder for folder in project.tests.parents if folder.is_relative_to(project.root))


def _is_beside(pure: PurePosixPath, absolute: Path, project: Project) -> bool:
    """Whether a file that is no part certainly says nothing to a check."""
    if pure.suffix.lower() in _DOCUMENTS or pure.name in _HOUSEKEEPING or pure.parts[0] == ".github":
        return True
    # The folder of the template holds what CloudFormation reads, unless the project keeps all in one folder.
    infra = project.template.parent if project.template else None
    if infra is None or not absolute.is_relative_to(infra) or pure.suffix.lower() not in _TEMPLATES:
        return False
    parts = (project.dags, project.plugins, project.requirements, project.startup_script, project.tests)
    return not any(part.is_relative_to(infra) for part in parts if part)
