"""check-small and check-small-floor: `mwaa-deploy check` as a user runs it, against the sample and a bare parse."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.race import Outcome, Target, WrongResultError, race, timed
from benchmarks.sample_flow import build_images, run_sample
from benchmarks.setting import AIRFLOW, HOME, PYTHON, Setting, container, copy_in
from benchmarks.small_project import DAGS, write_small_project

NAMES = ("check-small", "check-small-floor")
_BARE = "from airflow.models import DagBag; b = DagBag(); print(sorted(b.dags)); print(b.import_errors)"


def run(setting: Setting, *, rounds: int, names: Sequence[str] = NAMES) -> list[Outcome]:
    """Race the three in turn: ours is the same figure in both outcomes."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        project = Path(folder, "shop")
        write_small_project(project)
        Path(folder).chmod(0o755)
        sides = {"ours": lambda: _ours(setting, project)}
        if "check-small" in names:
            images = build_images(setting.client, base=setting.base, runner=setting.runner)
            sides["sample"] = lambda: run_sample(
                setting.client, images, project, env=setting.pip_env, told=setting.told
            )
        if "check-small-floor" in names:
            sides["floor"] = lambda: _floor(setting, project)
        seconds = race(sides, rounds=rounds, told=setting.told)
    outcomes = []
    if "sample" in seconds:
        outcomes.append(
            Outcome(
                name="check-small",
                work="check a small project (2 DAG files, plugin, requirements, tests), images present",
                theirs="the AWS sample's flow",
                ours_s=seconds["ours"],
                theirs_s=seconds["sample"],
                target=Target(text="6 times faster", ratio=6.0),
            )
        )
    if "floor" in seconds:
        outcomes.append(
            Outcome(
                name="check-small-floor",
                work="the same",
                theirs="one bare `DagBag` in the same image, container and copy included",
                ours_s=seconds["ours"],
                theirs_s=seconds["floor"],
                target=Target(text="at most 1.5 times as long, so 0.67", ratio=1 / 1.5),
            )
        )
    return outcomes


def _ours(setting: Setting, project: Path) -> float:
    program = Path(sys.executable).with_name("mwaa-deploy")
    options = ("check", "--airflow-version", AIRFLOW, "--runner", "container")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "INPUT_", "CI"))}
    env["MWAA_DEPLOY_BASE_IMAGE"] = setting.base
    with timed() as watch:
        done = subprocess.run(
            [program, *options], cwd=project, env=env, check=False, capture_output=True, text=True, errors="replace"
        )
    if done.returncode:
        message = f"mwaa-deploy check ended with {done.returncode}:\n{done.stdout[-4000:]}{done.stderr[-2000:]}"
        raise WrongResultError(message)
    return watch.seconds


def _floor(setting: Setting, project: Path) -> float:
    with timed() as watch, container(setting, [PYTHON, "-c", _BARE]) as bare:
        copy_in(bare, {project / name: HOME / name for name in ("dags", "plugins")})
        bare.start()
        bare.wait()
        output = bare.logs().decode(errors="replace")
    if str(sorted(DAGS)) not in output or not output.rstrip().endswith("{}"):
        raise WrongResultError(f"The bare parse found something else than {sorted(DAGS)}:\n{output}")
    return watch.seconds
