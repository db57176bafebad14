"""The script that lists what is installed."""

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.utils import NormalizedName, canonicalize_name

from mwaa_deploy.checks.installed import Installed, parse_installed
from mwaa_deploy.checks.scripts import PROBES

SCRIPT = PROBES / "installed_packages.py"


def listed(output: Path, *arguments: str, **env: str) -> Installed:
    subprocess.run([sys.executable, SCRIPT, output, *arguments], check=True, env={**os.environ, **env})
    return parse_installed(output.read_bytes())


def test_the_script_lists_what_this_interpreter_has(tmp_path: Path):
    found = listed(tmp_path / "installed.json", "--")

    assert found.python == ".".join(map(str, sys.version_info[:3]))
    assert found.packages[canonicalize_name("pytest")].version == pytest.__version__
    assert found.environment["sys_platform"] == sys.platform


def test_the_script_reads_each_package_as_pythons_own_library_does(tmp_path: Path):
    found = listed(tmp_path / "installed.json", "--")

    expected: dict[NormalizedName, tuple[str, tuple[str, ...]]] = {}
    for distribution in metadata.distributions():
        expected.setdefault(
            canonicalize_name(distribution.metadata["Name"]), (distribution.version, tuple(distribution.requires or ()))
        )
    ours = {name: (package.version, package.requires) for name, package in found.packages.items()}
    assert {name: ours.get(name) for name in expected} == expected


def test_packages_of_the_old_kind_and_broken_ones_are_no_trouble(tmp_path: Path):
    (tmp_path / "old-1.0.egg-info").mkdir()
    (tmp_path / "old-1.0.egg-info" / "PKG-INFO").write_text("Metadata-Version: 1.2\nName: old\nVersion: 1.0\n")
    (tmp_path / "old-1.0.egg-info" / "requires.txt").write_text("six\n\n[more]\nidna\n")
    (tmp_path / "older-2.0.egg-info").write_text("Metadata-Version: 1.0\nName: older\nVersion: 2.0\n")
    (tmp_path / "empty-1.0.dist-info").mkdir()
    (tmp_path / "folded-1.0.dist-info").mkdir()
    (tmp_path / "folded-1.0.dist-info" / "METADATA").write_bytes(
        b"Name: folded\r\nVersion: 1.0\r\nLicense: a\r\n  b\r\nRequires-Dist: six\r\n >=1\r\n\r\nName: not\r\n"
    )

    packages = listed(tmp_path / "installed.json", "--", PYTHONPATH=str(tmp_path)).packages

    assert packages[canonicalize_name("old")].requires == ("six", 'idna; extra == "more"')
    assert packages[canonicalize_name("older")].version == "2.0"
    assert (packages[canonicalize_name("folded")].name, packages[canonicalize_name("folded")].requires) == (
        "folded",
        ("six >=1",),
    )
    assert canonicalize_name("empty") not in packages


def test_the_script_looks_at_files_and_at_what_pip_heeds(tmp_path: Path):
    (tmp_path / "there.txt").write_text("six==1\n")
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip" / "pip.conf").touch()
    paths = [str(tmp_path / name) for name in ("there.txt", "none.txt")]

    found = listed(tmp_path / "installed.json", *paths, "--", *paths, PIP_CONSTRAINT="x", XDG_CONFIG_HOME=str(tmp_path))

    assert found.texts == {paths[0]: "six==1\n"}
    assert found.there == {paths[0]}
    assert {"PIP_CONSTRAINT", "PIP_CONFIG_FILE"} <= found.pip_variables
