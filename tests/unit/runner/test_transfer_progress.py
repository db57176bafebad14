"""Progress in numbers, now and then."""

import pytest

from mwaa_deploy.runner.transfer_progress import EVERY, TransferProgress

DIGEST = "sha256:" + "b" * 64


class Seconds:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Seconds()


@pytest.fixture
def lines():
    return []


@pytest.fixture
def progress(lines, clock):
    return TransferProgress("Pulling", lines.append, clock)


def layer(name, status, current=0, total=0):
    detail = {"current": current, "total": total} if total else {}
    return {"id": name, "status": status, "progressDetail": detail}


def test_layers_and_megabytes_are_counted(progress, lines, clock):
    for event in (
        layer("one", "Pulling fs layer"),
        layer("two", "Pulling fs layer"),
        layer("three", "Already exists"),
        layer("one", "Downloading", 1_500_000, 10_000_000),
        layer("two", "Downloading", 1_000_000, 20_000_000),
        layer("two", "Download complete"),
        layer("two", "Pull complete"),
    ):
        progress.take(event)
    clock.now += EVERY
    progress.take(layer("one", "Downloading", 4_000_000, 10_000_000))
    assert lines == ["Pulling: 2 of 3 layers, 24.0 of 30.0 MB"]


def test_a_thousand_events_in_a_moment_are_no_line(progress, lines):
    for size in range(1_000):
        progress.take(layer("one", "Downloading", size, 1_000))
    assert lines == []


def test_a_line_comes_at_most_every_few_seconds_and_never_twice(progress, lines, clock):
    for second in range(60):
        clock.now = 100.0 + second
        progress.take(layer("one", "Downloading", 1_000_000 * min(second, 20), 60_000_000))
    assert 2 <= len(lines) <= 60 / EVERY
    assert len(lines) == len(set(lines))


def test_the_last_line_has_size_and_seconds(progress, lines, clock):
    progress.take(layer("one", "Downloading", 1_000_000, 3_200_000))
    progress.take(layer("one", "Pull complete"))
    progress.take(layer("two", "Already exists"))
    progress.take({"status": f"Digest: {DIGEST}"})
    clock.now += 2.5
    progress.finish("Pulled")
    assert lines == ["Pulled 2 layers (1 there already), 3.2 MB, in 2.5 s."]
    assert progress.digest == DIGEST


def test_a_push_tells_its_digest_beside_the_words(progress):
    progress.take({"progressDetail": {}, "aux": {"Tag": "1", "Digest": DIGEST, "Size": 528}})
    assert progress.digest == DIGEST


def test_layers_that_the_registry_has_from_elsewhere_are_there_already(progress, lines):
    progress.take(layer("one", "Mounted from team/base"))
    progress.take(layer("two", "Layer already exists"))
    progress.finish("Pushed")
    assert lines == ["Pushed: every layer was there already, in 0.0 s."]


def test_no_word_of_the_registry_is_said(progress, lines, clock):
    for event in (
        {"id": "::error::x", "status": "Downloading", "progressDetail": {"current": 1, "total": 2}},
        {"id": "two", "status": "::error::x", "progressDetail": {"current": "::error::", "total": None}},
        {"status": "Status: ::set-output name=x::y"},
        {"status": None, "id": None, "aux": None, "progressDetail": None},
    ):
        clock.now += EVERY
        progress.take(event)
    progress.finish("Pulled")
    assert lines
    assert "::" not in "\n".join(lines)
