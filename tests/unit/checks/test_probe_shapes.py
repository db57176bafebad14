"""What the probe takes for alike, with a class of dateutil's in place of Airflow's."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest
from dateutil.relativedelta import relativedelta  # type: ignore[import-untyped]

PROBE = Path(__file__).parents[3] / "src" / "mwaa_deploy" / "checks" / "probe"


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(PROBE))
    monkeypatch.delitem(sys.modules, "mwaa_deploy_shapes", raising=False)
    return importlib.import_module("mwaa_deploy_shapes")


def dag(**held: object) -> relativedelta:
    made = relativedelta(days=1)
    vars(made).update(held, tasks=[])
    return made


def test_what_holds_the_same_kinds_of_things_is_alike(scripts):
    shapes = scripts.Shapes()

    shapes.accept(shapes.of(dag(name="a", limits={"x": 1})))

    assert shapes.are_good(shapes.of(dag(name="b", limits={"y": 2})))
    for unlike in ({"name": "b", "limits": {"y": 2.5}}, {"name": ["b"], "limits": {}}, {"name": "b", "most": {"y": 2}}):
        assert not shapes.are_good(shapes.of(dag(**unlike)))


@pytest.mark.parametrize("names", [("retries",), ("retries", "other")])
def test_template_fields_are_alike_only_where_they_are_the_same(scripts, names):
    shapes = scripts.Shapes()

    shapes.accept(shapes.of(dag(template_fields=("retries",))))

    assert shapes.are_good(shapes.of(dag(template_fields=names))) is (names == ("retries",))


def test_what_has_a_class_of_the_users_or_labels_is_like_nothing(scripts):
    class Own:
        pass

    shapes = scripts.Shapes()

    assert shapes.of(dag(own=Own())) is None
    assert shapes.of(dag(edge_info={"a": {"b": {"label": "x"}}})) is None
    assert shapes.of(dag(edge_info={})) is not None


@pytest.mark.parametrize(("name", "holds"), [("normalized", False), ("added", False), ("_cache", True)])
def test_a_class_that_is_changed_makes_all_doubtful(scripts, monkeypatch, name, holds):
    shapes = scripts.Shapes()
    assert shapes.of(dag())
    assert shapes.hold()

    monkeypatch.setattr(relativedelta, name, lambda _: None, raising=False)

    assert shapes.hold() is holds
