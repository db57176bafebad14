from datetime import UTC, datetime, timedelta

from mwaa_deploy.ports import StackEvent
from mwaa_deploy.target.resource_times import resource_times, took
from mwaa_deploy.target.stack_events import event_line, in_words

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def event(seconds: float, logical_id: str, status: str, reason: str = "") -> StackEvent:
    return StackEvent(
        at=NOON + timedelta(seconds=seconds), logical_id=logical_id, resource_type="T", status=status, reason=reason
    )


EVENTS = [
    event(0, "stack", "UPDATE_IN_PROGRESS"),
    event(1, "Environment", "UPDATE_IN_PROGRESS"),
    event(2, "Environment", "UPDATE_IN_PROGRESS", "began"),
    event(3, "Note", "CREATE_IN_PROGRESS"),
    event(5, "Note", "CREATE_COMPLETE"),
    event(1265, "Environment", "UPDATE_FAILED"),
    event(1266, "Environment", "UPDATE_IN_PROGRESS"),
    event(1300, "Environment", "UPDATE_COMPLETE"),
    event(1301, "Kept", "DELETE_SKIPPED"),
]


def test_each_resource_has_the_time_from_its_first_event_to_its_last_the_longest_first():
    found = [(time.logical_id, time.status, time.seconds) for time in resource_times(EVENTS)]
    assert found == [
        ("stack", "UPDATE_IN_PROGRESS", None),
        ("Environment", "UPDATE_COMPLETE", 1299),
        ("Note", "CREATE_COMPLETE", 2),
    ]
    assert resource_times([]) == ()


def test_an_end_tells_how_long_it_took_and_a_roll_back_counts_by_itself():
    assert [took(EVENTS[:i], e) for i, e in enumerate(EVENTS)] == [
        None, None, None, None, 2, 1264, None, 34, None,
    ]  # fmt: skip


def test_an_end_is_told_with_its_time():
    assert event_line(EVENTS[5], 1264) == "12:21:05 Environment UPDATE_FAILED after 21 min 4 s"
    assert event_line(EVENTS[2]) == "12:00:02 Environment UPDATE_IN_PROGRESS: began"
    assert [in_words(s) for s in (0.4, 59.6, 3600, 7384)] == ["0 s", "1 min 0 s", "1 h 0 min", "2 h 3 min"]
