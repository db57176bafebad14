"""Why a live Airflow is not there."""


class LiveAirflowError(Exception):
    """An environment cannot be brought up; the message says why, for GetEnvironment's LastUpdate and for people."""


class StoppedError(LiveAirflowError):
    """It was deleted, or the manager was ended, while it was on its way."""
