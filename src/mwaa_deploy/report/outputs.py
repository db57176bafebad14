"""The outputs of the action: one for each decision that later steps may build on."""

OUTPUTS = (
    "result",
    "mode",
    "deployed",
    "environment-updated",
    "base-sha",
    "head-sha",
    "dags-changed",
    "plugins-changed",
    "requirements-changed",
    "startup-script-changed",
    "template-changed",
    "plugins-version",
    "requirements-version",
    "startup-script-version",
    "environment-name",
    "webserver-url",
    "plan-file",
    "report-file",
    "sarif-file",
    "junit-file",
)
