# ruff: noqa: PLC0415 -- Airflow can only be imported once its settings are in the environment
"""Answers DAG files of Airflow 3.0 and 3.1 that ask for variables and connections. For the other scripts here.

Runs inside the runner; standard library and Airflow only, Python 3.7 and later.

There a DAG file asks the process that supervises it, which asks the metadata database; without one, asking is an
ImportError. Later versions ask the database themselves where they take themselves for a server.
"""


class Metadata:
    """Stands in the place of the connection to the supervisor."""

    def send(self, message):
        """Answer a request; what only tasks ask for is refused."""
        from airflow.sdk.exceptions import ErrorType
        from airflow.sdk.execution_time import comms
        from airflow.secrets.metastore import MetastoreBackend

        kind = type(message).__name__
        if kind == "MaskSecret":
            return None
        if kind == "GetVariable":
            value = MetastoreBackend().get_variable(message.key)
            if value is not None:
                return comms.VariableResult(key=message.key, value=value)
            return comms.ErrorResponse(error=ErrorType.VARIABLE_NOT_FOUND, detail={"key": message.key})
        if kind == "GetConnection":
            found = MetastoreBackend().get_connection(message.conn_id)
            if found is not None:
                names = ("conn_id", "conn_type", "host", "schema", "login", "password", "port", "extra")
                return comms.ConnectionResult(**{name: getattr(found, name) for name in names})
            return comms.ErrorResponse(error=ErrorType.CONNECTION_NOT_FOUND, detail={"conn_id": message.conn_id})
        return comms.ErrorResponse(error=ErrorType.GENERIC_ERROR, detail={"message": "%s: not in a DAG file" % kind})


def answer_requests(version):
    """Have them answered, where this version of Airflow would not find an answer itself."""
    if not version.startswith(("3.0.", "3.1.")):
        return
    import inspect

    from airflow.sdk.execution_time import task_runner
    from airflow.sdk.execution_time.supervisor import ensure_secrets_backend_loaded

    if "_AIRFLOW_PROCESS_CONTEXT" not in inspect.getsource(ensure_secrets_backend_loaded):
        task_runner.SUPERVISOR_COMMS = Metadata()
