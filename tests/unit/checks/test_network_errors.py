"""Which failures look like a closed network."""

import pytest

from mwaa_deploy.checks.network_errors import explain_network


@pytest.mark.parametrize(
    "text",
    [
        "E   socket.gaierror: [Errno -3] Temporary failure in name resolution",
        "urllib.error.URLError: <urlopen error [Errno -2] Name or service not known>",
        "OSError: [Errno 101] Network is unreachable",
        "requests.exceptions.ConnectionError: (Caused by NewConnectionError(': Failed to establish a new connection'))",
        'botocore.exceptions.EndpointConnectionError: Could not connect to the endpoint URL: "https://s3.amazonaws.com/"',
        'psycopg2.OperationalError: could not translate host name "db" to address: Name or service not known',
    ],
)
def test_an_error_of_the_network_names_the_setting_that_opens_it(text):
    assert "mwaa-deploy.yml: checks: {network: allowed}" in explain_network(text)


@pytest.mark.parametrize("text", ["", "KeyError: 'network'", "ConnectionRefusedError: [Errno 111] Connection refused"])
def test_other_errors_are_left_alone(text):
    assert explain_network(text) == ""
