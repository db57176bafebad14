import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mwaa_deploy.bundle.parameters import parse_parameters, read_parameters
from mwaa_deploy.errors import ParametersInvalid

KEYS = st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,15}", fullmatch=True).filter(
    lambda key: key not in {"Parameters", "Tags", "StackPolicy"}
)
VALUES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20)
MAPS = st.dictionaries(KEYS, VALUES, max_size=6)


def forms(values: dict[str, str]) -> dict[str, str]:
    return {
        "cli": json.dumps([{"ParameterKey": k, "ParameterValue": v} for k, v in values.items()]),
        "pipeline": json.dumps({"Parameters": values, "Tags": {"a": "b"}, "StackPolicy": {"Statement": []}}),
        "strings": json.dumps([f"{k}={v}" for k, v in values.items()]),
        "json": json.dumps(values, indent="\t"),
        "yaml": yaml.safe_dump(values, allow_unicode=True),
    }


@given(values=MAPS)
def test_every_form_gives_the_same_values(values):
    assert {name: parse_parameters(text).values for name, text in forms(values).items()} == dict.fromkeys(
        forms(values), values
    )


@pytest.mark.parametrize("text", ["", "[]", "{}", "# nothing\n", '{"Parameters": {}}', '{"Tags": {}}'])
def test_nothing_given(text):
    assert parse_parameters(text).values == {}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("K: true", "true"),
        ("K: False", "false"),
        ("K: 12", "12"),
        ("K: 2.10", "2.10"),
        ("K: 0123456789", "0123456789"),
        ("K: yes", "yes"),
        ("K: 2026-01-05", "2026-01-05"),
        ("K: ''", ""),
        ("K: [a, 1, true]", "a,1,true"),
        ("K: []", ""),
        ('{"K": 1.50}', "1.50"),
        ('[{"ParameterKey": "K", "ParameterValue": 3, "ResolvedValue": "x"}]', "3"),
        ('["K=a=b"]', "a=b"),
        ('["K="]', ""),
        ('[{"ParameterKey": "K", "UsePreviousValue": true}]', None),
        ('[{"ParameterKey": "K", "UsePreviousValue": "true"}]', None),
        ('[{"ParameterKey": "K", "UsePreviousValue": false, "ParameterValue": "x"}]', "x"),
    ],
)
def test_values_become_cloudformations_strings(text, value):
    assert parse_parameters(text).values == {"K": value}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("Parameters: a", {"Parameters": "a"}),
        ("Parameters: a\nK: b", {"Parameters": "a", "K": "b"}),
        ("Parameters: {K: a}", {"K": "a"}),
        ("Parameters: {Parameters: a}", {"Parameters": "a"}),
        ("Tags: a", {"Tags": "a"}),
    ],
)
def test_parameter_called_parameters(text, values):
    assert parse_parameters(text).values == values


def test_what_has_no_effect_is_told():
    found = parse_parameters('{"Parameters": {"K": "v"}, "Tags": {"a": "b"}}', name="p.json")

    assert found.notes == ("Tags in p.json has no effect here.",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("K: [\n", "line 2"),
        ("just text", "line 1: a single text"),
        ("A: a\nK: {x: y}", "line 2: a value is neither"),
        ("A: a\nK:", 'line 2: K has no value(.|\n)*K: ""'),
        ("A: a\nA: b", "line 2: the key A stands twice"),
        ("Parameters: {K: a}\nOther: b", "line 1: a value is neither"),
        ("K: [a, [b]]", "a list stands in a list"),
        ("K:\n- a\n- b,c", "line 3: 'b,c' has a comma"),
        ("- K", "line 1: 'K' is not of the form"),
        ("- =v", "line 1: '=v' is not of the form"),
        ("- A=a\n- A=b", "line 2: A is given twice, first on line 1"),
        ("- [a]", "line 1: an entry has no ParameterKey"),
        ('[\n{"Key": "K", "Value": "v"}]', "line 2: an entry has no ParameterKey"),
        ('[\n{"ParameterKey": "K",\n"Value": "v"}]', "line 3: Value does not belong"),
        ('[{"ParameterKey": "K"}]', "entry of K has no ParameterValue"),
        (
            '[{"ParameterKey": "K", "ParameterValue": "v", "UsePreviousValue": true}]',
            "has both ParameterValue and UsePreviousValue",
        ),
        ('[{"ParameterKey": "K", "ParameterValue": null}]', "K has no value"),
    ],
)
def test_broken_file_is_named_with_its_line(text, words):
    with pytest.raises(ParametersInvalid, match=rf"params\.json, {words}|params\.json, line \d+: .*{words}"):
        parse_parameters(text, name="params.json")


def test_lines_are_kept_for_later_messages():
    found = parse_parameters('[\n {"ParameterKey": "A", "ParameterValue": "a"},\n "B=b"\n]', name="p.json")

    assert (found.where("A"), found.where("B")) == ("p.json, line 2", "p.json, line 3")


def test_file_is_read_and_named(tmp_path):
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text('\ufeff{"K": "ä"}', encoding="utf-8")
    bad.write_bytes(b'{"K": "\xff"}')

    assert read_parameters(good).values == {"K": "ä"}
    with pytest.raises(ParametersInvalid, match=r"bad\.json is not UTF-8"):
        read_parameters(bad)
