"""A release, step by step: `python -m release STEP`. docs/releasing.md tells which comes when."""

import argparse
import datetime as dt
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from release import changelog, image_lock
from release.commit import Checkout
from release.errors import NotReleasable
from release.images import airflow_versions, engine_here, not_as_locked, publish
from release.package import build_package
from release.version import major_tag, problems, with_version


def main(argv: Sequence[str], env: Mapping[str, str]) -> int:
    """Take a step; the exit status: 1 if the release cannot go on."""
    options = _options(argv)
    checkout = Checkout(Path.cwd())
    try:
        _STEPS[options.step](checkout, options, env)
    except NotReleasable as e:
        for line in str(e).splitlines():
            print(f"release: {line}", file=sys.stderr)
        if env.get("GITHUB_ACTIONS") == "true":
            print(f"::error title=No release::{_escaped(str(e))}")
        return 1
    return 0


def _prepare(checkout: Checkout, options: argparse.Namespace, env: Mapping[str, str]) -> None:  # noqa: ARG001
    checkout.write_files(with_version(checkout.read_files(), options.version, options.day))


def _check(checkout: Checkout, options: argparse.Namespace, env: Mapping[str, str]) -> None:  # noqa: ARG001
    _stop_for(problems(options.version, checkout.read_files(), checkout.tags()))


def _notes(checkout: Checkout, options: argparse.Namespace, env: Mapping[str, str]) -> None:  # noqa: ARG001
    print(changelog.notes(checkout.read_files().changelog, options.version), end="")


def _major_tag(checkout: Checkout, options: argparse.Namespace, env: Mapping[str, str]) -> None:  # noqa: ARG001
    print(major_tag(options.version))


def _build(checkout: Checkout, options: argparse.Namespace, env: Mapping[str, str]) -> None:
    references = publish(engine_here(), checkout.folder, options.repository, options.version)
    commit = checkout.commit_lock(options.version, references)
    told = {**references, "commit": commit}
    if output := env.get("GITHUB_OUTPUT"):
        with Path(output).open("a", encoding="utf-8") as file:
            file.writelines(f"{name}={value}\n" for name, value in told.items())
    for name, value in told.items():
        print(f"{name}: {value}")


def _package(checkout: Checkout, options: argparse.Namespace, env: Mapping[str, str]) -> None:  # noqa: ARG001
    for path in build_package(checkout.folder, checkout.folder / "dist", options.version):
        print(path)


def _verify_run(checkout: Checkout, options: argparse.Namespace, env: Mapping[str, str]) -> None:
    references = image_lock.parse((checkout.folder / image_lock.FILE).read_text(encoding="utf-8"))
    engine = engine_here()
    used = engine.has_run(env["GITHUB_RUN_ID"])
    reference = references[options.target]
    said = {options.target: engine.says(reference, "--version")}
    _stop_for(not_as_locked(references, options.target, used, said, options.version))
    print(f"The action has run in {reference}, which is of version {options.version}; nothing was built.")


def _verify_commit(checkout: Checkout, options: argparse.Namespace, env: Mapping[str, str]) -> None:  # noqa: ARG001
    _stop_for(checkout.release_problems(options.commit, options.parent))


def _runner_images(checkout: Checkout, options: argparse.Namespace, env: Mapping[str, str]) -> None:  # noqa: ARG001
    table = (checkout.folder / "images" / "versions.toml").read_text(encoding="utf-8")
    print(json.dumps(airflow_versions(table, options.only)))


def _rehearse(checkout: Checkout, options: argparse.Namespace, env: Mapping[str, str]) -> None:
    from release.rehearsal import rehearse  # noqa: PLC0415 -- the lab, which GitHub's jobs have no packages for

    rehearse(checkout.folder, targets=options.targets, env=env)


_STEPS = {
    "prepare": _prepare,
    "check": _check,
    "notes": _notes,
    "build": _build,
    "package": _package,
    "verify-run": _verify_run,
    "verify-commit": _verify_commit,
    "major-tag": _major_tag,
    "runner-images": _runner_images,
    "rehearse": _rehearse,
}


def _stop_for(found: Sequence[str]) -> None:
    if found:
        raise NotReleasable("\n".join(found))


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m release", description=__doc__)
    steps = parser.add_subparsers(dest="step", required=True, metavar="STEP")

    def step(name: str, text: str, *, version: bool = True) -> argparse.ArgumentParser:
        found = steps.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        if version:
            found.add_argument("version", metavar="VERSION", help="such as 1.2.3")
        return found

    prepare = step("prepare", "write the version and its heading into the files that name it")
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    prepare.add_argument("--day", default=today, help="of the release (default: today)")
    step("check", "say whether version, changelog and tags agree")
    step("notes", "print what the changelog says of the version")
    build = step("build", "build and push the images, and commit their digests")
    build.add_argument("--repository", required=True, help="where to, such as ghcr.io/owner/mwaa-deploy")
    step("package", "build the Python package into dist, and try it")
    verify = step("verify-run", "say whether this workflow run's action has run in the locked image and no other")
    verify.add_argument("--target", choices=image_lock.TARGETS, required=True, help="the image that was to run")
    commit = step(
        "verify-commit", "say whether a commit is another with the images' digests and no more", version=False
    )
    commit.add_argument("commit", metavar="COMMIT")
    commit.add_argument("--parent", required=True, metavar="SHA", help="what it has to be made upon")
    runners = step("runner-images", "print the Airflow versions that have a runner image, as JSON", version=False)
    runners.add_argument("--only", default="", metavar="VERSION", help="this one alone, if it has one")
    step("major-tag", "print the tag that follows the major version; nothing for 0.x")
    rehearsal = step("rehearse", "do all but publish, with a registry of the lab and act", version=False)
    rehearsal.add_argument(
        "--target", dest="targets", action="append", choices=image_lock.TARGETS, help="try this image only"
    )
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
