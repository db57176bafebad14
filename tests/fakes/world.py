"""A whole target in memory and a project on disk, so that histories of deployments can be told."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mwaa_deploy.bundle.artefacts import Bundle, build_bundle
from mwaa_deploy.bundle.exclude import Exclude
from mwaa_deploy.deletion_limits import DeletionLimits
from mwaa_deploy.inputs import DeployWith, Inputs, WorkerReplacement
from mwaa_deploy.job import Job
from mwaa_deploy.outcome import Outcome, Progress
from mwaa_deploy.parts import Part
from mwaa_deploy.plan import Plan
from mwaa_deploy.planner import make_plan
from mwaa_deploy.ports import ChangedFile, EnvironmentState, LiveAirflow, Stack
from mwaa_deploy.saved_plan import SavedPlan
from mwaa_deploy.source.changes import Base, Changes
from mwaa_deploy.source.project import Project
from mwaa_deploy.target.apply import apply
from mwaa_deploy.target.live_check import LiveCheck
from mwaa_deploy.target.no_stack import NoStack
from mwaa_deploy.target.ports_of_target import Author, Target
from mwaa_deploy.target.record import read_record
from mwaa_deploy.target.settle import settle
from mwaa_deploy.target.state import TargetState, read_state
from tests.fakes.bucket import FakeBucket
from tests.fakes.clock import FakeClock
from tests.fakes.environment import FakeEnvironment
from tests.fakes.live_airflow import FakeInstallLogs, FakeLiveAirflow
from tests.fakes.log import FakeLog
from tests.fakes.stack import FakeStack

TEMPLATE = """\
Parameters:
  Name: {Type: String}
  PluginsVersion: {Type: String, Default: ""}
  RequirementsVersion: {Type: String, Default: ""}
  StartupVersion: {Type: String, Default: ""}
  Class: {Type: String, Default: mw1.small}
Resources:
  Mwaa:
    Type: AWS::MWAA::Environment
    Properties:
      Name: !Ref Name
      DagS3Path: dags
      PluginsS3Path: plugins.zip
      PluginsS3ObjectVersion: !Ref PluginsVersion
      RequirementsS3Path: dags/requirements.txt
      RequirementsS3ObjectVersion: !Ref RequirementsVersion
      StartupScriptS3Path: startup.sh
      StartupScriptS3ObjectVersion: !Ref StartupVersion
      EnvironmentClass: !Ref Class
"""

FILES: Mapping[str, str] = {
    "dags/a.py": "a = 1\n",
    "dags/team b/ü.py": "b = 1\n",
    "plugins/operators.py": "p = 1\n",
    "dags/requirements.txt": "x==1\n",
    "startup.sh": "export A=1\n",
    "template.yaml": TEMPLATE,
    "parameters.yml": "Name: staging\n",
}


def given_environment(name: str, bucket: str) -> EnvironmentState:
    """An environment that somebody has made, with nothing but its paths."""
    paths = {
        Part.DAGS: "dags",
        Part.PLUGINS: "plugins.zip",
        Part.REQUIREMENTS: "dags/requirements.txt",
        Part.STARTUP_SCRIPT: "startup.sh",
    }
    return EnvironmentState(name=name, status="AVAILABLE", paths=paths, bucket=bucket)


class World:
    """One project and its target.

    Attributes:
        files: the project's files by path; change them and call deploy() again.
        bucket, stack, environment, clock, log: the fakes.
        timeout: seconds for each wait of a deployment.
        live, logs, verification: the live Airflow, which is not asked while it is None; its containers' logs; how it is
            asked.
        found_dags: what the checks found.
        deletions, protected: what the user allows to be deleted, and what never is.
        exclude: what of the DAG folder is not shipped.
        without_stack: deploy to the environment directly; put one first, and take the template out of the files.
        recreate_failed_stack: as the input.
        worker_replacement, allow_running_tasks, allow_replacement, takes_over_dags, running_tasks: as in Target.
    """

    def __init__(self, place: Path) -> None:
        self.files = dict(FILES)
        self.clock = FakeClock()
        self.log = FakeLog()
        self.deletions = DeletionLimits()
        self.protected: tuple[str, ...] = ()
        self.exclude = Exclude()
        self.bucket = FakeBucket(target="mwaa-staging")
        self.environment = FakeEnvironment(self.clock)
        self.stack = FakeStack(environment=self.environment, clock=self.clock, seconds=1200)
        self.timeout: float = 4 * 3600
        self.live: FakeLiveAirflow | None = None
        self.logs = FakeInstallLogs()
        self.verification = LiveCheck()
        self.found_dags: Mapping[str, tuple[str, ...]] | None = None
        self.without_stack = False
        self.worker_replacement = ""
        self.allow_running_tasks = False
        self.running_tasks: Callable[[], int | None] | None = None
        self.recreate_failed_stack = False
        self.allow_replacement = False
        self.takes_over_dags = False
        self._place = place
        self._commits = 0

    def give_environment(self) -> None:
        """Deploy without a stack from now on, to an environment that somebody has made with nothing but its paths."""
        self.without_stack = True
        self.bucket.target = "staging"
        del self.files["template.yaml"], self.files["parameters.yml"]
        self.environment.put(given_environment("staging", self.bucket.name))

    def bundle(self) -> Bundle:
        """What the files of now ship."""
        self._commits += 1
        root, work = self._place / f"checkout-{self._commits}", self._place / f"work-{self._commits}"
        work.mkdir()
        for name, text in self.files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)

        def there(name: str) -> Path | None:
            return root / name if (root / name).exists() else None

        return build_bundle(
            Project(
                repository=root,
                root=root,
                dags=root / "dags",
                plugins=there("plugins"),
                requirements=there("dags/requirements.txt"),
                startup_script=there("startup.sh"),
                template=there("template.yaml"),
                parameters=there("parameters.yml"),
                exclude=self.exclude,
            ),
            work,
        )

    def state(self, bundle: Bundle) -> TargetState:
        """The target as it is."""
        return read_state(
            bucket=self.bucket,
            stack=self._stack,
            environments=self.environment,
            bundle=bundle,
            environment_name="staging" if self.without_stack else "",
            protected=self.protected,
            without_stack=self.without_stack,
        )

    def plan(self, *, base: str | None = None, files: Mapping[Part, tuple[ChangedFile, ...]] | None = None) -> Plan:
        """The plan for the files of now."""
        bundle = self.bundle()
        return make_plan(
            bundle, self.state(bundle), base=base, base_reason="there was no successful run yet", files=files or {}
        )

    def deploy(self, progress: Progress | None = None) -> Outcome:
        """Wait for what runs, then plan and carry out the files of now."""
        bundle = self.bundle()
        target = self.target()
        name = "staging" if self.without_stack else ""
        state = settle(self.state(bundle), target=target, read=lambda: self.state(bundle), environment_name=name).state
        plan = make_plan(bundle, state, base=None, base_reason="there was no successful run yet", files={})
        author = Author(commit=f"{self._commits:040}", run_url=f"https://github.test/runs/{self._commits}")
        return apply(
            plan,
            bundle=bundle,
            state=state,
            target=target,
            author=author,
            progress=progress,
            found_dags=self.found_dags,
        )

    def target(self) -> Target:
        """The ports, and what the user wants."""
        return Target(
            bucket=self.bucket,
            stack=self._stack,
            environments=self.environment,
            clock=self.clock,
            log=self.log,
            timeout=self.timeout,
            deletions=self.deletions,
            live=self._live,
            logs=lambda: self.logs,
            verification=self.verification,
            worker_replacement=self.worker_replacement,
            allow_running_tasks=self.allow_running_tasks,
            allow_replacement=self.allow_replacement,
            takes_over_dags=self.takes_over_dags,
            running_tasks=self.running_tasks,
        )

    def job(self, *, saved: SavedPlan | None = None, head: str = "c" * 40, **given: Any) -> Job:
        """The deployment of the files of now, as the pipeline asks for it; with other inputs besides."""
        inputs = Inputs(
            stack_name="" if self.without_stack else self.stack.name,
            environment_name="staging" if self.without_stack else "",
            deploy_with=DeployWith.ENVIRONMENT_API if self.without_stack else DeployWith.CLOUDFORMATION,
            worker_replacement=WorkerReplacement(self.worker_replacement),
            bucket=self.bucket.name,
            aws_region="eu-west-1",
            recreate_failed_stack=self.recreate_failed_stack,
        )
        inputs = replace(inputs, **given)
        self.stack.tags, self.stack.notification_arns = dict(inputs.stack_tags), inputs.notification_arns
        return Job(
            inputs=inputs,
            bundle=self.bundle(),
            changes=Changes(base=Base(sha=None, reason="there was no successful run yet"), head=head),
            target=self.target(),
            author=Author(commit=head),
            found_dags=self.found_dags,
            saved=saved,
        )

    @property
    def _live(self) -> Callable[[EnvironmentState], LiveAirflow] | None:
        live = self.live
        return None if live is None else lambda _environment: live

    @property
    def _stack(self) -> Stack:
        return NoStack("staging") if self.without_stack else self.stack

    @property
    def versions_made(self) -> dict[str, int]:
        """How many versions each key outside of our own folder has ever had."""
        return {
            key: len(versions) for key, versions in self.bucket.versions.items() if not key.startswith("mwaa-deploy/")
        }

    def assert_deployed(self) -> None:
        """The target holds exactly the content of the files of now.

        A versioned part counts by the version the environment runs; newer ones of failed deployments do no harm.
        """
        bundle = self.bundle()
        dags = {name: text.encode() for name, text in self.files.items() if name.startswith("dags/")}
        live = self.environment.states["staging"]
        held = {key: body for key, body in self.bucket.contents.items() if key.startswith("dags/")}
        versioned = {"dags/requirements.txt"}
        assert {key: held[key] for key in held.keys() - versioned} == {
            key: dags[key] for key in dags.keys() - versioned
        }
        for part, artefact in bundle.artefacts.items():
            body = self.bucket.read(live.paths[part], live.versions[part])
            assert body is not None
            assert hashlib.sha256(body).hexdigest() == artefact.sha256, part
        record = read_record(self.bucket, self._stack.name)
        assert record is not None
        assert {part: found.version for part, found in record.parts.items()} == live.versions
        assert record.dags == bundle.dags.without(frozenset({"requirements.txt"}))
        assert f"mwaa-deploy/{self._stack.name}/unfinished.json" not in self.bucket.contents
