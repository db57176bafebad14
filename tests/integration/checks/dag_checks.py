"""DAG files judged in a runner, for tests that ask no other question."""

from pathlib import Path

from mwaa_deploy.checks.dag_integrity import DagJudgement, begin_probe, judge_probe
from mwaa_deploy.checks.layout import Layout, lay_out, plan_layout
from mwaa_deploy.checks.limits import CheckLimits
from mwaa_deploy.checks.settings import CheckSettings
from mwaa_deploy.checks.verdicts import CheckResult, Verdict
from mwaa_deploy.ports import Runner
from mwaa_deploy.source.project import Project


def judge_dags_of(
    root: Path, runner: Runner, *, settings: CheckSettings | None = None, limits: CheckLimits | None = None
) -> DagJudgement:
    """Lay a project out in place of the last one, and judge its DAGs and plugins."""
    settings, limits = settings or CheckSettings(), limits or CheckLimits()
    layout = dag_layout(root, runner, settings)
    with begin_probe(layout, runner, settings=settings, limits=limits) as probe:
        return judge_probe(probe.go(), layout, settings, limits)


def dag_layout(root: Path, runner: Runner, settings: CheckSettings | None = None) -> Layout:
    """The project in the runner, and nothing of what was there before."""
    plugins = root / "plugins"
    project = Project(repository=root, root=root, dags=root / "dags", plugins=plugins if plugins.is_dir() else None)
    layout = plan_layout(project, runner.home, rules_folder=settings.rules_folder if settings else None)
    there = [str(folder) for folder in (layout.dags, layout.plugins, layout.own)]
    emptied = runner.run(["/bin/sh", "-c", 'rm -rf "$@"; mkdir "$@"', "sh", *there], timeout=60)
    assert emptied.exit_code == 0, emptied.output
    lay_out(layout, runner)
    return layout


def write(root: Path, files: dict[str, str]) -> Path:
    """Write files below a folder."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def of(result: CheckResult, subject: str) -> list[Verdict]:
    """What a result says about one subject."""
    return [verdict for verdict in result.verdicts if verdict.subject == subject]


def place(verdict: Verdict) -> str | None:
    """File and line, as in 'dags/a.py:3'."""
    return f"{verdict.location.file}:{verdict.location.line}" if verdict.location else None
