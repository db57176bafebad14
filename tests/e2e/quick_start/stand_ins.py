"""`gh` and `aws` for somebody who follows the README in the lab: what the quick start asks of them, and nothing else.

Started by a link of the command's name; FOLLOWED names a folder with state.json and origin.git. What the lab's world
has under another address stands in for it here: the OIDC issuer.
"""

import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import boto3

STATE = Path(os.environ["FOLLOWED"]) / "state.json"
ORIGIN = STATE.with_name("origin.git")
GITHUB = "token.actions.githubusercontent.com"


def read() -> dict[str, Any]:
    """What was asked for so far, and where the lab is."""
    state: dict[str, Any] = json.loads(STATE.read_text(encoding="utf-8"))
    return state


def keep(name: str, value: object) -> None:
    """Remember what was asked for."""
    STATE.write_text(json.dumps({**read(), name: value}), encoding="utf-8")


def git(*argv: str) -> None:
    """Run git in the reader's checkout."""
    subprocess.run(["git", *argv], check=True, stdout=sys.stderr)


def gh(words: list[str]) -> None:
    """GitHub's command."""
    match words:
        case ["repo", "create", _, "--private", "--source", ".", "--push"]:
            git("init", "--quiet", "--bare", "--initial-branch", "main", str(ORIGIN))
            git("remote", "add", "origin", str(ORIGIN))
            git("push", "--quiet", "--set-upstream", "origin", "main")
        case ["repo", "view", "--json", "nameWithOwner", "--jq", ".nameWithOwner"]:
            print(read()["repository"])
        case ["api", path, "--jq", what] if path == f"repos/{read()['repository']}":
            print(read()["ids"][what])
        case ["variable", "set", name, "--body", value]:
            keep("variables", {**read()["variables"], name: value})
        case ["pr", "create", "--fill"]:
            keep("pull request", True)
        case ["pr", "merge", "--merge"]:
            git("switch", "--quiet", "main")
            git("merge", "--quiet", "--no-ff", "--no-edit", "first")
            git("push", "--quiet", "origin", "main")
        case ["pr", "checks", "--watch"] | ["run", "watch"]:
            pass
        case _:
            sys.exit(f"gh: the README has not said this before: {words}")


def aws(words: list[str]) -> None:
    """AWS's command, with CloudFormation of the lab."""
    service, operation, *rest = words
    options = {name: value for name, value in pairwise(rest) if name.startswith("--")}
    state = read()
    client = boto3.client(
        service,
        endpoint_url=state["aws"],
        region_name=options["--region"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    if operation == "deploy":
        given = dict(word.split("=", 1) for word in rest[rest.index("--parameter-overrides") + 1 :])
        text = Path(options["--template-file"]).read_text(encoding="utf-8")
        issuer = state["issuer"]
        client.create_stack(
            StackName=options["--stack-name"],
            TemplateBody=text.replace(f"https://{GITHUB}", issuer).replace(GITHUB, issuer.partition("://")[2]),
            Capabilities=[options["--capabilities"]],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
        )
        client.get_waiter("stack_create_complete").wait(StackName=options["--stack-name"])
    elif operation == "describe-stacks":
        (stack,) = client.describe_stacks(StackName=options["--stack-name"])["Stacks"]
        (wanted,) = re.findall(r"OutputKey=='(\w+)'", options["--query"])
        print(next(output["OutputValue"] for output in stack["Outputs"] if output["OutputKey"] == wanted))
    else:
        sys.exit(f"aws: the README has not said this before: {words}")


if __name__ == "__main__":
    {"gh": gh, "aws": aws}[Path(sys.argv[0]).name](sys.argv[1:])
