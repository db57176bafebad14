import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mwaa_deploy.bundle.document import first_alias, load_document
from mwaa_deploy.bundle.lined import DocumentInvalid, LinedDict

SCALARS = st.none() | st.booleans() | st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
)


@given(value=JSON, indent=st.sampled_from([None, 2, "\t"]), ascii_only=st.booleans())
def test_json_is_read_as_python_reads_it(value, indent, ascii_only):
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)

    assert load_document(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (json.dumps({"k" * 1025: 1}), {"k" * 1025: "1"}),
        ('{"a"\n:\t1.50}', {"a": "1.50"}),
        ('["\u2028", "\x7f", "\\ud83d\\ude00"]', ["\u2028", "\x7f", "\U0001f600"]),
        ('{"<<": {"a": 1}, "!Ref": "*x"}', {"<<": {"a": "1"}, "!Ref": "*x"}),
        ("-1e-3", "-1e-3"),
        ('"x"', "x"),
        ("[[], {}]", [[], {}]),
    ],
)
def test_json_that_yaml_would_read_otherwise_is_read_as_json(text, value):
    assert load_document(text) == value
    assert first_alias(text) is None


def test_lines_in_json_are_known():
    document = load_document('{"a": {"b": "}",\r\n"c": [\n 1,\n {"d": null}]},\r "e": true}')

    assert isinstance(document, LinedDict)
    assert document == {"a": {"b": "}", "c": ["1", {"d": None}]}, "e": True}
    assert document.lines == {"a": 1, "e": 5}
    assert document["a"].lines == {"b": 1, "c": 2}
    assert document["a"]["c"].lines == [3, 4]
    assert (document["a"]["c"][1].line, document["a"]["c"][1].lines) == (4, {"d": 4})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2012-10-17", "2012-10-17"),
        ("2.10", "2.10"),
        ("0123", "0123"),
        ("1e3", "1e3"),
        ("yes", "yes"),
        ("NO", "NO"),
        ("trueish", "trueish"),
        ("nullable", "nullable"),
        ("~/x", "~/x"),
        ("12:30", "12:30"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("'true'", "true"),
        ("!Ref A", {"Ref": "A"}),
        ("!Sub 'x-${A}'", {"Fn::Sub": "x-${A}"}),
        ("!GetAtt A.B.C", {"Fn::GetAtt": ["A", "B.C"]}),
        ("!GetAtt [A, B]", {"Fn::GetAtt": ["A", "B"]}),
        ("!If [C, !Ref A, !Ref 'AWS::NoValue']", {"Fn::If": ["C", {"Ref": "A"}, {"Ref": "AWS::NoValue"}]}),
        ("!Condition C", {"Condition": "C"}),
        ("!Transform {Name: X}", {"Fn::Transform": {"Name": "X"}}),
        ("{a: 1, b: &x [1], c: *x}", {"a": "1", "b": ["1"], "c": ["1"]}),
        ("base: &b {x: 1}\nuse: {<<: *b, y: 2}", {"base": {"x": "1"}, "use": {"x": "1", "y": "2"}}),
    ],
)
def test_scalars_keep_their_form_and_tags_become_long(text, value):
    assert load_document(text) == value


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: [1,\n", 3, "expected"),
        ("a: 1\nb: 2\na: 3\n", 3, "a stands twice, first on line 1"),
        ('{\n "a": 1,\n "a": 2}', 3, "stands twice"),
        ('{"a": 1, "a": 2}', 1, "stands twice, first on line 1"),
        ("{a: 1, a: 2}", 1, "stands twice"),
        ('[\n"\\ud83d"]', 2, "half of a character"),
        ('{\n "a": 1\n "b": 2\n}', 3, "not JSON"),
        ('[\n {"a": 1]\n]', 2, "not JSON"),
        ("a:\n\tb: 1\n", 2, "cannot start any token"),
        ("a: !!python/object:os.system {}", 1, "could not determine a constructor"),
        ("a: &x [*x]", 1, "recursive"),
        ("[a]: b", 1, "not plain text"),
    ],
)
def test_fault_is_named_with_its_line(text, line, words):
    with pytest.raises(DocumentInvalid, match=words) as caught:
        load_document(text)

    assert caught.value.line == line


def test_lines_of_keys_are_known():
    document = load_document("a: 1\nb:\n  c: 2\n  d: [x,\n      y]\n")

    assert isinstance(document, LinedDict)
    assert document.lines == {"a": 1, "b": 2}
    assert document["b"].lines == {"c": 3, "d": 4}
    assert document["b"]["d"].lines == [4, 5]


def test_deep_nesting_is_refused_not_crashed():
    with pytest.raises(DocumentInvalid):
        load_document("[" * 100_000)
