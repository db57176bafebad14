"""How thoroughly a deployment asks the live Airflow."""

from dataclasses import dataclass

from mwaa_deploy.inputs import VerifyKind


@dataclass(frozen=True, kw_only=True)
class LiveCheck:
    """What the user wants, and how long things take at the target.

    Attributes:
        kind: whether the live Airflow is asked.
        timeout: seconds within which all must be there; a smoke run has as long again.
        smoke: ids of the DAGs that are run in the end.
        interval: seconds between two looks.
        sync: seconds until what is in the bucket is where Airflow reads it. MWAA copies the DAG folder every 30 seconds
            (docs.aws.amazon.com/mwaa/latest/userguide/configuring-dag-folder.html).
        settle: seconds for which a new import error must stay before it is believed: a file may be read while those
            that it imports are still on their way.
    """

    kind: VerifyKind = VerifyKind.AUTO
    timeout: float = 600
    smoke: tuple[str, ...] = ()
    interval: float = 15
    sync: float = 60
    settle: float = 120
