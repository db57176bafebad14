"""MWAA's own constraints, and how MWAA calls pip, for each kind of runner."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from mwaa_deploy.checks.constraints import forces_constraints, states_constraints
from mwaa_deploy.checks.pins import Pins, constraint_text, parse_pins
from mwaa_deploy.checks.requirement_lines import RequirementsFile, parse_requirements
from mwaa_deploy.checks.verdicts import Location, Severity, Verdict
from mwaa_deploy.ports import RunnerFamily

ESSENTIAL, FORCED = "mwaa_essential_constraints.txt", "airflow_constraints.txt"
"""MWAA's constraint files, in .local/etc of its home."""


@dataclass(frozen=True, kw_only=True)
class ConstraintFile:
    """A constraint file inside the runner."""

    path: PurePosixPath
    text: str


@dataclass(frozen=True, kw_only=True)
class Held:
    """MWAA's constraints as this runner can have them.

    Attributes:
        forcing: whether MWAA adds any, for this version of Airflow.
        essential: those that are added in any case; None if they are not at hand.
        forced: those that are added where none are stated, which stand in for Airflow's own; None if not at hand.
        of_runner: whether both are the runner's own files.
    """

    forcing: bool
    essential: ConstraintFile | None = None
    forced: ConstraintFile | None = None
    of_runner: bool = False
    pins: Pins = field(default_factory=Pins)

    @property
    def complete(self) -> bool:
        """Whether all that MWAA would add is at hand."""
        return not self.forcing or bool(self.essential and self.forced)

    @property
    def made(self) -> Mapping[PurePosixPath, bytes]:
        """The files to put into the runner."""
        files = [file for file in (self.essential, self.forced) if file and not self.of_runner]
        return {file.path: file.text.encode() for file in files}

    def applied(self, text: str, *, official: bool) -> tuple[RequirementsFile, ...]:
        """Those that hold for a requirements file.

        Args:
            text: what it says.
            official: whether it names Airflow's own constraint file.
        """
        essential = self.essential if self.forcing else None
        forced = self.forced if official or (self.forcing and not states_constraints(text)) else None
        return tuple(parse_requirements(file.text) for file in (essential, forced) if file)


def find_held(
    texts: Mapping[str, str], pins: Pins, *, airflow_version: str, etc: PurePosixPath, own: PurePosixPath
) -> Held:
    """Take the runner's own constraint files where it has them, else our pins.

    Args:
        texts: the runner's own files, by path.
        pins: what stands in for them.
        airflow_version: of the environment.
        etc: the folder inside the runner where its files are.
        own: our own folder inside the runner.
    """
    forcing = forces_constraints(airflow_version)
    found = [texts.get(str(etc / name)) for name in (ESSENTIAL, FORCED)]
    of_runner = found[0] is not None and found[1] is not None
    if not of_runner and not pins:
        return Held(forcing=forcing)
    if not of_runner:
        found = [constraint_text(pins.essential), constraint_text(pins.forced)]
    essential, forced = found[0] or "", found[1] or ""
    folder = etc if of_runner else own
    return Held(
        forcing=forcing,
        essential=ConstraintFile(path=folder / ESSENTIAL, text=essential),
        forced=ConstraintFile(path=folder / FORCED, text=forced),
        of_runner=of_runner,
        pins=parse_pins(forced, essential),
    )


def judge_held(held: Held, *, text: str, file: str) -> tuple[Verdict, ...]:
    """Say where the constraints come from, when not from the runner itself.

    Args:
        held: what was found.
        text: of the requirements file.
        file: its path in the repository.
    """
    if held.of_runner or not held.forcing:
        return ()
    own = "" if states_constraints(text) else " and, as the file states none, all of its Airflow version's"
    added = f"This runner has no constraint files of MWAA's. MWAA adds its essential constraints{own}"
    if held.complete:
        severity, message = Severity.PASS, f"{added}; the versions that MWAA's image ships were used for them."
    else:
        severity, message = Severity.WARN, f"{added}; none are at hand here, so MWAA may refuse what was installed."
    return (Verdict(subject="constraints", severity=severity, message=message, location=Location(file=file)),)


@dataclass(frozen=True, kw_only=True)
class PipCommand:
    """The command, and the one to use instead where the runner has such a program."""

    argv: tuple[str, ...]
    instead: tuple[str, ...] = ()


def pip_command(family: RunnerFamily, held: Held, *, python: str, file: PurePosixPath, text: str) -> PipCommand:
    """What MWAA runs (images: mwaa/utils/user_requirements.py and safe-pip-install; local runner: entrypoint.sh).

    Args:
        family: what the runner was made from.
        held: MWAA's constraints.
        python: the interpreter inside the runner.
        file: the requirements file inside the runner.
        text: what it says.
    """
    essential = ("--constraint", str(held.essential.path)) if held.essential and held.forcing else ()
    adds_forced = held.forcing and not states_constraints(text)
    forced = ("-c", str(held.forced.path)) if held.forced and adds_forced else ()
    user = ("--user",) if family is RunnerFamily.LOCAL_RUNNER else ()
    rest = ("-r", str(file), *forced)
    safe = ("safe-pip-install", *rest) if family is RunnerFamily.MWAA_IMAGES and held.of_runner else ()
    return PipCommand(argv=(python, "-m", "pip", "install", *user, *essential, *rest), instead=safe)
