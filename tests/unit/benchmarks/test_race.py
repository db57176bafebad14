"""The harness of the benchmarks: its arithmetic, and the form of its results. Nothing is timed here."""

import json

from benchmarks.__main__ import NAMES
from benchmarks.dag_folder import write_dags
from benchmarks.machine import describe
from benchmarks.race import Outcome, Target, race
from benchmarks.results import as_json, as_markdown


def outcome(*, ours, theirs, target, name="parse-1000", **more):
    return Outcome(name=name, work="parse", theirs="one process", ours_s=ours, theirs_s=theirs, target=target, **more)


def test_the_median_of_the_rounds_counts_and_the_ratio_is_theirs_over_ours():
    found = outcome(ours=[2.0, 9.0, 1.0], theirs=[8.0, 5.0, 6.0], target=Target(text="3 times faster", ratio=3.0))
    assert (found.ours, found.other, found.ratio, found.met) == (2.0, 6.0, 3.0, True)


def test_a_target_is_missed_by_the_ratio_by_our_seconds_or_by_a_shortfall():
    assert not outcome(ours=[2.0], theirs=[5.9], target=Target(text="", ratio=3.0)).met
    assert not outcome(ours=[60.1], theirs=[300.0], target=Target(text="", ours_s=60.0)).met
    assert not outcome(ours=[1.0], theirs=[9.0], target=Target(text=""), shortfalls=["grows"]).met
    assert outcome(ours=[60.0], theirs=[1.0], target=Target(text="", ours_s=60.0)).met


def test_the_sides_take_turns_and_another_one_is_first_in_each_round():
    order = []

    def side(name, seconds):
        def work():
            order.append(name)
            return seconds

        return work

    told: list[str] = []
    found = race({"ours": side("ours", 1.0), "theirs": side("theirs", 2.0)}, rounds=3, told=told.append)
    assert found == {"ours": [1.0, 1.0, 1.0], "theirs": [2.0, 2.0, 2.0]}
    assert order == ["ours", "theirs", "theirs", "ours", "ours", "theirs"]
    assert told[0] == "round 1 of 3, ours: 1.00 s"


def test_the_results_are_an_object_from_a_name_to_three_figures():
    first = outcome(ours=[2.0], theirs=[3.0], target=Target(text="1.7 times faster", ratio=1.7))
    assert json.loads(as_json([first])) == {"parse-1000": {"ours_s": 2.0, "theirs_s": 3.0, "ratio": 1.5}}


def test_results_of_what_was_not_run_now_are_kept():
    kept = {"image-build": {"ours_s": 30.0, "theirs_s": 90.0, "ratio": 3.0}, "parse-1000": {"ours_s": 9.0}}
    found = json.loads(as_json([outcome(ours=[2.0], theirs=[3.0], target=Target(text=""))], kept))
    assert found["image-build"] == kept["image-build"]
    assert found["parse-1000"]["ours_s"] == 2.0


def test_the_table_shows_spread_target_and_whether_it_is_met():
    missed = outcome(
        ours=[2.0, 2.2, 2.1], theirs=[3.0, 3.0, 3.0], target=Target(text="1.7 times faster", ratio=1.7), notes=["big"]
    )
    text = as_markdown([missed], "a machine")
    row = next(line for line in text.splitlines() if line.startswith("| `parse-1000`"))
    assert row == (
        "| `parse-1000` | parse | 2.10 s [2.00 to 2.20] | 3.00 s [3.00 to 3.00] (one process) | 1.43 "
        "| 1.7 times faster | **no** |"
    )
    assert "- `parse-1000`: big" in text
    assert text.endswith("on a machine.\n")


def test_every_benchmark_of_the_issues_is_there():
    checks = ["check-small", "check-small-floor", "parse-1000", "parse-10000", "image-build"]
    syncs = ["sync-unchanged-aws", "sync-unchanged-s5cmd", "sync-unchanged-floor", "sync-first-s5cmd"]
    assert [*checks, "base-20000", *syncs] == NAMES


def test_the_machine_is_named_with_its_engine():
    text = describe({"ServerVersion": "27.0", "Driver": "overlay2"})
    assert "Docker Engine 27.0 (overlay2)" in text
    assert " cores, " in text


def test_a_folder_of_any_size_can_be_written(tmp_path):
    write_dags(tmp_path, 251)
    assert len(list(tmp_path.rglob("*.py"))) == 251
