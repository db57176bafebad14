# mypy: allow-untyped-calls
# boto3 carries no types.
"""Try what is taken on trust: `python -m confirm --bucket B --region R [--stack-name S] [--environment E]`.

Ends with 1 if something does not hold, or is left behind. docs/on-trust.md tells what each confirmation is about.
"""

import argparse
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from boto3.session import Session

from confirm.account import Account, Clients
from confirm.catalogue import CONFIRMATIONS
from confirm.finding import Confirmation, Finding, Verdict
from confirm.report import as_json, count, line, markdown
from confirm.run import confirm_all
from confirm.scratch import Scratch
from mwaa_deploy.clock import SystemClock
from mwaa_deploy.errors import MwaaDeployError
from mwaa_deploy.ports import Clock, Log
from mwaa_deploy.report.log import choose_log
from mwaa_deploy.target.credentials import AwsClients
from mwaa_deploy.target.stack import CloudFormationStack


def main(
    argv: Sequence[str], env: Mapping[str, str], *, clients: Clients | None = None, clock: Clock | None = None
) -> int:
    """Try the confirmations; the exit status.

    Args:
        argv: without the program's name.
        env: for GitHub's variables. boto3 reads its own from the process.
        clients: of the account; None for those with the credentials that boto3 finds.
        clock: for the waits.
    """
    options = _options(argv)
    log = choose_log({**env, "MWAA_DEPLOY_JSON": "1" if options.json else ""})
    clients, clock = clients or AwsClients(Session(), options.region), clock or SystemClock()
    scratch = Scratch(
        s3=clients.client("s3"),
        cloudformation=clients.client("cloudformation"),
        bucket=options.bucket,
        clock=clock,
    )
    log.info(f"What is made lies below s3://{options.bucket}/{scratch.prefix}, and goes again.")
    left: tuple[str, ...] = ()
    try:
        account = Account(
            clients=clients,
            bucket_name=options.bucket,
            environment_name=options.environment or _environment_of(options.stack_name, clients, clock, log),
            scratch=scratch,
            env=env,
            clock=clock,
            log=log,
            interval=options.interval,
        )
        findings = confirm_all(_chosen(options.only), account, lambda finding: log.info(line(finding)))
    finally:
        left = scratch.clean_up()
        for text in left:
            log.info(f"left behind: {text}")
    _publish(findings, left, env, log, json=options.json)
    return 1 if left or any(finding.verdict is Verdict.FAILED for finding in findings) else 0


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m confirm", description=__doc__)
    parser.add_argument("--bucket", required=True, help="a versioned bucket; keys below mwaa-deploy-confirm/ are used")
    parser.add_argument("--region", required=True, help="of the bucket and of all else")
    parser.add_argument("--stack-name", default="", help="a stack that has an environment in it; it is only looked at")
    parser.add_argument("--environment", default="", help="an MWAA environment; it is only looked at")
    parser.add_argument("--only", action="append", default=[], metavar="ID", help="try this one; may be repeated")
    parser.add_argument("--interval", type=float, default=5, help="seconds between two looks at a stack (default: 5)")
    parser.add_argument("--json", action="store_true", help="print JSON; the lines go to standard error")
    options = parser.parse_args(argv)
    if unknown := set(options.only) - {confirmation.id for confirmation in CONFIRMATIONS}:
        parser.error(f"--only: there is no {', '.join(sorted(unknown))}")
    return options


def _chosen(only: Sequence[str]) -> list[Confirmation]:
    return [confirmation for confirmation in CONFIRMATIONS if not only or confirmation.id in only]


def _environment_of(stack_name: str, clients: Clients, clock: Clock, log: Log) -> str:
    """The name of the environment that a stack has; '' if it has none, or cannot be seen."""
    if not stack_name:
        return ""
    try:
        state = CloudFormationStack(clients.client("cloudformation"), stack_name, clock=clock).state()
    except MwaaDeployError as e:
        log.info(f"The environment of stack {stack_name} is not known: {e.what}")
        return ""
    return (state.environment_name if state else None) or ""


def _publish(findings: Sequence[Finding], left: Sequence[str], env: Mapping[str, str], log: Log, *, json: bool) -> None:
    log.info(f"confirm: {count(findings)}")
    if summary := env.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(markdown(findings, left))
    if json:
        print(as_json(findings, left))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that a workflow that is cancelled cleans up
    sys.exit(main(sys.argv[1:], os.environ))
