"""What each check asks, in the words that SARIF's consumers show beside a finding."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RuleText:
    """A question in short, in full, and what to do about the answer; plain text of one or two sentences."""

    short: str
    full: str
    help: str


CHECKS = {
    "startup-script": RuleText(
        short="The startup script fails or breaks a rule of MWAA",
        full="MWAA runs the startup script before anything else. It must end with exit status 0 within 5 minutes, and "
        "cannot change protected variables.",
        help="Run the same with `mwaa-deploy check`; the evidence holds what the script printed.",
    ),
    "requirements": RuleText(
        short="The requirements file cannot be installed as written",
        full="What the requirements file asks for is compared with what MWAA's image ships and with what is installed "
        "in the end. On MWAA a file that cannot be installed leaves a running environment with packages missing.",
        help="Change the line named, or the constraint that it contradicts.",
    ),
    "database": RuleText(
        short="The metadata database cannot be prepared",
        full="DAGs and unit tests find a migrated metadata database with the variables, connections and pools of the "
        "project's fixture files.",
        help="Mend the fixture file named, or the section fixtures of mwaa-deploy.yml.",
    ),
    "plugins": RuleText(
        short="A plugin cannot be loaded",
        full="plugins.zip is built, unpacked where MWAA unpacks it, and loaded by Airflow's plugin manager.",
        help="Mend the import named in the evidence; MWAA shows such an error only in its logs.",
    ),
    "dag-import": RuleText(
        short="A DAG file cannot be imported as Airflow's scheduler would",
        full="Airflow parses each DAG file under its time limit. Import errors, cycles, duplicate DAG ids and files "
        "that take too long are found here.",
        help="Mend the line named; a file that cannot be imported takes its DAGs off the environment.",
    ),
    "dag-rules": RuleText(
        short="A DAG breaks a rule of the project",
        full="Rules about DAGs are switched on in mwaa-deploy.yml, or are Python files of the project's rules folder.",
        help="Change the DAG, or the rule's setting in mwaa-deploy.yml.",
    ),
    "unit-tests": RuleText(
        short="A unit test fails",
        full="The project's unit tests run with the packages of the target environment.",
        help="Run the same with `mwaa-deploy check`; the evidence holds the traceback.",
    ),
}
"""By the checks' names, in their order."""


def rule_text(check: str, rule: str) -> RuleText:
    """The text of a check, or of one rule of it; the user may have rules of his own, which are known by name only."""
    text = CHECKS.get(check) or RuleText(
        short=f"The check {check} found a fault", full=f"Findings of the check {check}.", help="See the message."
    )
    if not rule:
        return text
    return RuleText(short=f"{text.short}: {rule}", full=f"{text.full} This is the rule '{rule}'.", help=text.help)
