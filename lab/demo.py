"""The demonstration: the example project is checked, deployed into the lab, changed, and deployed again.

Asks nothing and needs neither AWS, GitHub nor Docker. `--keep` leaves the lab and its live Airflow running.
"""

import argparse
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass

from lab.aws.seed import make_bucket, make_oidc_role
from lab.project import GITHUB_REPOSITORY, REGION, ROOT, LabProject
from lab.workflow import ActResult
from lab.world import World, running_world, start_world

FOLDER = ROOT / ".lab" / "demo"
BUCKET = "my-mwaa-bucket"
LOCAL_BASE_IMAGE = "mwaa-deploy/base:bookworm"
PUBLIC_BASE_IMAGE = "python:3.13-slim-bookworm"

NEW_DAG = '''"""Added by the demonstration."""

from datetime import datetime

from airflow.decorators import dag, task


@dag(schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False, tags=["demo"])
def added_by_the_demo():
    @task
    def count() -> int:
        return 42

    count()


added_by_the_demo()
'''


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Where the checks of the demonstration run."""

    runner: str
    env: dict[str, str]
    why: str


def choose_engine() -> Engine:
    """A container if an engine answers and has, or gets, a base image; else a virtual environment."""
    docker = shutil.which("docker")
    if docker is None or not _quiet([docker, "version"], 10):
        return Engine(runner="venv", env={}, why="no Docker Engine answers, so the checks run in a virtual environment")
    if _quiet([docker, "image", "inspect", LOCAL_BASE_IMAGE], 10):
        return Engine(
            runner="container", env={"MWAA_DEPLOY_BASE_IMAGE": LOCAL_BASE_IMAGE}, why="the checks run in a container"
        )
    if _quiet([docker, "pull", "--quiet", PUBLIC_BASE_IMAGE], 60):
        return Engine(runner="container", env={}, why="the checks run in a container")
    why = f"the Docker Engine cannot pull {PUBLIC_BASE_IMAGE}, so the checks run in a virtual environment"
    return Engine(runner="venv", env={}, why=why)


def _quiet(argv: list[str], seconds: float) -> bool:
    try:
        return subprocess.run(argv, capture_output=True, timeout=seconds, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


class Demo:
    """Tells the story step by step and leaves each summary as a file."""

    def __init__(self, project: LabProject, world: World) -> None:
        self._project = project
        self._world = world
        self._began = time.monotonic()
        self._number = 0

    def say(self, text: str) -> None:
        """A line with the time since the beginning."""
        print(f"[{time.monotonic() - self._began:5.1f} s] {text}", flush=True)

    def run(self, name: str, event: str, *, base: str = "") -> ActResult:
        """Run the workflow, show its summary and stop the demonstration when it fails."""
        self._number += 1
        self.say(f"{name}: {event} …")
        result = self._project.run(event, base=base)
        file = FOLDER / "summaries" / f"{self._number}-{name.replace(' ', '-')}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(result.summary, encoding="utf-8")
        if not result.succeeded:
            print(result.log)
            msg = f"{name} failed; its log is above"
            raise SystemExit(msg)
        print(f"\n{result.summary}\n", flush=True)
        self.say(f"{name}: {result.outputs['result']}; summary in {file.relative_to(ROOT)}")
        return result

    def show_live_dags(self) -> None:
        """What the live Airflow lists, asked through MWAA's InvokeRestApi."""
        name = self._world.aws_client("mwaa", REGION).list_environments()["Environments"][0]
        deadline = time.monotonic() + 60
        wanted = "added_by_the_demo"
        while True:
            dags = sorted(dag["dag_id"] for dag in self._world.live_dags(name, REGION)["dags"])
            if wanted in dags or time.monotonic() > deadline:
                break
            time.sleep(1)
        self.say(f"the live Airflow of {name} lists: {', '.join(dags)}")


def tell(project: LabProject, world: World) -> None:
    """The main job from the first pull request to a change of requirements."""
    demo = Demo(project, world)
    demo.run("pull request", "pull_request", base=project.head)
    demo.run("first deployment", "push")
    project.commit({"dags/added_by_the_demo.py": NEW_DAG}, "Add a DAG")
    demo.run("a DAG is added", "push")
    demo.show_live_dags()
    requirements = project.read("requirements.txt")
    project.commit({"requirements.txt": f"{requirements}{EXTRA_REQUIREMENT}\n"}, "Ask for one more package")
    demo.run("requirements change", "push")
    demo.run("nothing changed", "workflow_dispatch")
    demo.show_live_dags()


EXTRA_REQUIREMENT = "toolz==1.0.0"


def main() -> int:
    """Tell the story in a lab of its own."""
    parser = argparse.ArgumentParser(prog="python -m lab.demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the lab and its live Airflow running")
    keep = parser.parse_args().keep
    shutil.rmtree(FOLDER, ignore_errors=True)
    engine = choose_engine()
    print(f"Starting the lab; {engine.why}.", flush=True)
    with ExitStack() as stack:
        if keep:
            world = start_world(ROOT / ".lab" / "world")
        else:
            world = stack.enter_context(running_world(ROOT / ".lab" / "world"))
        make_bucket(world.aws_client("s3", REGION), BUCKET)
        role = make_oidc_role(world.aws_client("iam"), "mwaa-deploy", world.oidc_url, GITHUB_REPOSITORY)
        project = LabProject.create(FOLDER / "repository", world, role=role, env=engine.env)
        project.set_input("runner", engine.runner)
        tell(project, world)
    folder = FOLDER.relative_to(ROOT)
    print(f"\nSummaries: {folder}/summaries; the project: {folder}/repository")
    if keep:
        print("The lab goes on; `python -m lab status` says where it listens, and `make clean` ends it.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
