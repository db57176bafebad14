"""What is believed of a process that loads DAG files, or asks the user's rules, and whom its end is put down to."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mwaa_deploy.checks.scripts import PROBES

EVIL, BAD, TRIAL = 0, 1, -1
ITEMS = ["/dags/evil.py", "/dags/bad.py"]
NOTHING = json.dumps({"seconds": 0.1, "dags": [], "errors": [], "warnings": []})
A_DAG = json.dumps({"seconds": 0.1, "dags": [{"id": "a"}], "errors": [], "warnings": []})
KEPT = json.dumps({"breaches": [], "rule_errors": [], "broken": []})
LOADED = ["B 0", f"L 0 {A_DAG}", "C 1 0", "J"]


class PoolOfOne:
    """Takes what a process is told to have done, as the pool does."""

    limit = 60

    def __init__(self, probe: dict[str, ModuleType], scratch: Path, rules: Any = None) -> None:
        self.items, self.folders, self.scratch, self.rules = ITEMS, ["/dags"], str(scratch), rules
        self.results = probe["results"].Results(len(ITEMS))
        self.suspects: list[int] = []
        self.later: list[int] = []
        self.once_more: list[int] = []
        self.serve: Callable[[Any, int], None] = lambda *_: None

    def descriptors(self) -> list[int]:
        return []

    def next_batch(self) -> list[int]:
        return [BAD]

    def again(self, numbers: list[int], *, alone: bool) -> None:
        assert alone == (len(numbers) == 1) or not numbers
        self.once_more += numbers

    def suspect(self, number: int) -> None:
        self.suspects.append(number)

    def afterwards(self, numbers: list[int]) -> None:
        self.later += numbers


@pytest.fixture
def probe(monkeypatch) -> dict[str, ModuleType]:
    monkeypatch.syspath_prepend(str(PROBES))
    names = ("results", "rulings", "child")
    return {name: __import__(f"mwaa_deploy_{name}") for name in names}


@pytest.fixture
def rules(probe, tmp_path):
    for name in ("a.py", "b.py"):
        (tmp_path / "rules" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "rules" / name).write_text("")
    return probe["rulings"].Rules(str(tmp_path / "rules"))


def run(probe, pool: PoolOfOne, batch: list[int], says: list[str], *, last_chance: bool = False) -> PoolOfOne:
    """Have a process say something and end, and draw the conclusions."""

    def serve(_: Any, output: int) -> None:
        os.write(output, "".join(f"{line}\n" for line in says).encode())
        os._exit(0)

    pool.serve = serve
    child = probe["child"].Child(pool, batch, last_chance)
    while not child.is_over():
        child.read()
        time.sleep(0.001)
    child.conclude()
    return pool


def result(pool: PoolOfOne, number: int) -> Any:
    found = pool.results[number]
    return found and json.loads(found)


def test_what_was_ordered_is_believed(probe, tmp_path):
    pool = run(probe, PoolOfOne(probe, tmp_path), [EVIL], ["B 0", f"L 0 {NOTHING}", "C 1 0"])

    assert result(pool, EVIL) == {**json.loads(NOTHING), "file": ITEMS[EVIL], "breaches": [], "rule_errors": []}
    assert not pool.suspects


FORGED = {
    "another file's result": ["B 0", f"L 1 {NOTHING}"],
    "another file's result, as if it had been ordered": ["B 0", "B 1", f"L 1 {NOTHING}"],
    "the same, once its own is there": ["B 0", f"L 0 {NOTHING}", "B 1", f"L 1 {NOTHING}", "C 1 0"],
    "a result twice": ["B 0", f"L 0 {NOTHING}", f"L 0 {NOTHING}", "C 1 0"],
    "a result before it begins": [f"L 0 {NOTHING}", "C 1 0"],
    "the wish for more files": ["B 0", f"L 0 {NOTHING}", "C 1 1", "B 1", f"L 1 {NOTHING}", "C 1 0"],
    "an end in the middle": ["B 0", "C 1 0"],
    "rules that nobody asked for": ["B 0", f"L 0 {NOTHING}", "J"],
    "depth": ["B 0", "L 0 " + "[" * 200_000],
    "words": ["hello"],
}


@pytest.mark.parametrize("name", FORGED)
def test_what_was_not_ordered_makes_the_file_suspect_and_says_nothing_of_another(probe, tmp_path, name):
    pool = run(probe, PoolOfOne(probe, tmp_path), [EVIL], FORGED[name])

    assert (pool.suspects, result(pool, BAD)) == ([EVIL], None)


@pytest.mark.parametrize("name", FORGED)
def test_a_suspect_that_does_it_again_is_a_failure(probe, tmp_path, name):
    pool = run(probe, PoolOfOne(probe, tmp_path), [EVIL], FORGED[name], last_chance=True)

    assert "not what loading it writes" in result(pool, EVIL)["errors"][0]["message"]
    assert result(pool, BAD) is None


def test_what_rules_say_changes_nothing_about_the_loading(probe, tmp_path, rules):
    said = {"breaches": [{"rule": "a"}], "rule_errors": [], "broken": [], "dags": [], "errors": ["x"]}
    pool = run(probe, PoolOfOne(probe, tmp_path, rules), [EVIL], [*LOADED, "R 0 0", f"V 0 {json.dumps(said)}"])

    found = result(pool, EVIL)
    assert (found["dags"], found["errors"], found["breaches"]) == ([{"id": "a"}], [], [{"rule": "a"}])


FORGED_BY_RULES = {
    "a file's result": ["R 0 0", "B 1", f"L 1 {NOTHING}"],
    "a file that was not asked about": ["R 0 0", f"V 1 {KEPT}"],
    "a rules file that there is not": ["R 0 2"],
    "another form": ["R 0 0", "V 0 {}"],
}


@pytest.mark.parametrize("name", FORGED_BY_RULES)
def test_what_rules_do_not_say_is_put_down_to_them(probe, tmp_path, rules, name):
    pool = run(probe, PoolOfOne(probe, tmp_path, rules), [EVIL], [*LOADED, *FORGED_BY_RULES[name]], last_chance=True)

    assert result(pool, BAD) is None
    assert result(pool, EVIL)["errors"] == []
    (found,) = rules.errors or result(pool, EVIL)["rule_errors"]
    assert "not what asking them writes" in found["message"]


def test_a_rules_file_that_ends_its_process_is_told_once_and_left_out(probe, tmp_path, rules):
    pool = run(probe, PoolOfOne(probe, tmp_path, rules), [EVIL], [*LOADED, "R 0 0", "R 0 1"], last_chance=True)

    assert [(error["type"], error["file"]) for error in rules.errors] == [("Exit", rules.files[1])]
    assert (rules.left_out, pool.once_more) == ({1}, [EVIL])


def test_it_is_only_suspect_at_first_and_the_others_wait(probe, tmp_path, rules):
    says = ["B 0", f"L 0 {A_DAG}", "B 1", f"L 1 {A_DAG}", "C 1 0", "J", "R 0 0"]
    pool = run(probe, PoolOfOne(probe, tmp_path, rules), [EVIL, BAD], says)

    assert (rules.errors, pool.suspects, pool.later, pool.once_more) == ([], [EVIL], [BAD], [])


def test_rules_are_tried_before_any_file_and_a_broken_one_is_left_out(probe, tmp_path, rules):
    said = {"breaches": [], "rule_errors": [{"type": "x"}], "broken": [1]}
    run(probe, PoolOfOne(probe, tmp_path, rules), [TRIAL], ["J", "R -1 0", "R -1 1", f"V -1 {json.dumps(said)}"])

    assert (rules.errors, rules.left_out) == ([{"type": "x"}], {1})


def test_a_trial_that_ends_is_done_again_without_what_ended_it(probe, tmp_path, rules):
    pool = run(probe, PoolOfOne(probe, tmp_path, rules), [TRIAL], ["J", "R -1 0"])

    assert (rules.left_out, pool.once_more, [error["file"] for error in rules.errors]) == (
        {0},
        [TRIAL],
        rules.files[:1],
    )


def test_a_file_that_the_rules_were_not_asked_about_is_a_failure_of_theirs(probe, tmp_path, rules):
    pool = run(probe, PoolOfOne(probe, tmp_path, rules), [EVIL], LOADED[:-1])

    assert pool.suspects == [EVIL]
    assert "were not asked" in result(pool, EVIL)["rule_errors"][0]["message"]


def test_a_folder_without_rules_is_a_failure(probe, tmp_path):
    (tmp_path / "_helper.py").write_text("")

    (found,) = probe["rulings"].Rules(str(tmp_path)).errors

    assert (found["type"], found["file"]) == ("NoRule", str(tmp_path))
