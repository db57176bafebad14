"""Telling users that what failed is the network, which is closed while their code runs."""

import re
from dataclasses import replace

from mwaa_deploy.checks.verdicts import Severity, Verdict

_SIGNS = re.compile(
    r"Temporary failure in name resolution|Name or service not known|No address associated with hostname"
    r"|nodename nor servname|Network is unreachable|No route to host|gaierror|NameResolutionError|NewConnectionError"
    r"|Failed to establish a new connection|ConnectTimeout(?:Error)?\b|EndpointConnectionError"
    r"|Could not connect to the endpoint URL|Cannot connect to host|could not translate host name"
    r"|\[Errno (?:-2|-3|-5|101|113)\]"
)

_TOLD = (
    "The network is closed while DAGs and tests run. To open it, write in mwaa-deploy.yml: checks: {network: allowed}"
)


def explain_network(text: str) -> str:
    """A sentence on the closed network and the setting that opens it, if a traceback looks like it; else nothing.

    Args:
        text: of a traceback or an error message.
    """
    return _TOLD if _SIGNS.search(text) else ""


def with_network_explained(verdict: Verdict) -> Verdict:
    """A verdict that also explains the closed network, if it is a failure that looks like it; else the same."""
    if verdict.severity is not Severity.FAIL or not (told := explain_network(verdict.message + verdict.evidence)):
        return verdict
    said = verdict.message.rstrip()
    end = "" if said.endswith((".", "!", "?")) else "."
    return replace(verdict, message=f"{said}{end} {told}")
