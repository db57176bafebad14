"""What the probe keeps of cron expressions, with a stand-in for croniter that counts."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

PROBE = Path(__file__).parents[3] / "src" / "mwaa_deploy" / "checks" / "probe"


class Counting:
    """As croniter takes an expression apart: a list for each field."""

    asked: list[str] = []  # noqa: RUF012 -- of the class, as the method is

    @classmethod
    def expand(cls, expression, hash_id=None, from_timestamp=None):  # noqa: ARG003 -- as croniter has it
        cls.asked.append(expression)
        if expression == "61 * * * *":
            raise ValueError(expression)
        return [[field] for field in expression.split()], {}


@pytest.fixture
def cron(monkeypatch: pytest.MonkeyPatch) -> type[Counting]:
    own = type("Own", (Counting,), {"asked": [], "expand": vars(Counting)["expand"]})
    module = ModuleType("croniter.croniter")
    vars(module)["croniter"] = own
    monkeypatch.setitem(sys.modules, "croniter.croniter", module)
    monkeypatch.syspath_prepend(str(PROBE))
    importlib.import_module("mwaa_deploy_cron").remember_cron()
    return own


def test_an_expression_is_taken_apart_once_and_nobody_can_change_what_others_get(cron):
    first = cron.expand("0 5 * * *", from_timestamp=None)
    first[0][0].append("changed")

    assert cron.expand("0 5 * * *", from_timestamp=None) == ([["0"], ["5"], ["*"], ["*"], ["*"]], {})
    assert cron.asked == ["0 5 * * *"]


@pytest.mark.parametrize(
    ("expression", "more"), [("H 5 * * *", {}), ("R 5 * * *", {}), ("0 5 * * *", {"hash_id": b"x"})]
)
def test_what_may_come_out_otherwise_is_taken_apart_each_time(cron, expression, more):
    for _ in range(2):
        cron.expand(expression, **more)

    assert cron.asked == [expression] * 2


def test_what_is_none_is_refused_each_time(cron):
    for _ in range(2):
        with pytest.raises(ValueError, match="61"):
            cron.expand("61 * * * *")
