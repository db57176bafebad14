import pytest

from mwaa_deploy.bundle.completion import complete_parameters
from mwaa_deploy.bundle.parameters import GivenParameters, parse_parameters
from mwaa_deploy.bundle.template import Template, TemplateParameter
from mwaa_deploy.errors import ParametersUnknown
from mwaa_deploy.parts import Part
from mwaa_deploy.ports import StackParameter

TEMPLATE = Template(
    body="",
    parameters={
        "Name": TemplateParameter(),
        "Class": TemplateParameter(default="mw1.small"),
        "PluginsVersion": TemplateParameter(default=""),
        "Workers": TemplateParameter(type="Number"),
    },
    version_parameters={Part.PLUGINS: "PluginsVersion"},
)


def completed(given: str = "", stack: dict[str, str] | None = None, **versions: str):
    return complete_parameters(
        TEMPLATE, parse_parameters(given, name="p.yml"), stack or {}, {Part(k): v for k, v in versions.items()}
    )


def pairs(found) -> dict[str, str | None]:
    return {parameter.key: parameter.value for parameter in found.parameters}


def test_new_stack_gets_what_is_given_and_leaves_defaults_alone():
    assert pairs(completed("{Name: n, Workers: 2}", plugins="v1")) == {
        "Name": "n",
        "PluginsVersion": "v1",
        "Workers": "2",
    }


def test_existing_stack_keeps_all_that_nobody_gives_but_for_versions_of_parts_that_are_gone():
    """CloudFormation falls back to the default for what is not named."""
    stack = {"Name": "n", "Class": "mw1.large", "PluginsVersion": "v0"}

    assert completed("{Workers: 2}", stack).parameters == (
        StackParameter(key="Name", value=None),
        StackParameter(key="Class", value=None),
        StackParameter(key="Workers", value="2"),
    )


def test_previous_value_can_be_asked_for():
    given = '[{"ParameterKey": "Name", "UsePreviousValue": true}, {"ParameterKey": "Workers", "ParameterValue": "1"}]'

    assert pairs(completed(given, {"Name": "n"}))["Name"] is None


def test_version_of_ours_overrides_and_is_told():
    found = completed("Name: n\nWorkers: 1\nPluginsVersion: mine", plugins="v2")

    assert pairs(found)["PluginsVersion"] == "v2"
    (note,) = found.notes
    assert "PluginsVersion (p.yml, line 3) is overridden" in note
    assert "v2" in note


def test_version_nobody_ships_may_be_given():
    found = completed("Name: n\nWorkers: 1\nPluginsVersion: mine")

    assert pairs(found)["PluginsVersion"] == "mine"
    assert found.notes == ()


def test_equal_version_is_not_worth_a_note():
    assert completed("Name: n\nWorkers: 1\nPluginsVersion: v1", plugins="v1").notes == ()


def test_all_disagreements_are_told_at_once():
    with pytest.raises(ParametersUnknown) as caught:
        completed("Nmae: n\nClass: c\nMinWorkers: 1")

    assert caught.value.what.splitlines() == [
        "p.yml, line 1: the template has no parameter Nmae.",
        "p.yml, line 3: the template has no parameter MinWorkers.",
        "Name has no default in the template and is given by nobody.",
        "Workers has no default in the template and is given by nobody.",
    ]
    assert "Name: <String>" in caught.value.mend
    assert "Workers: <Number>" in caught.value.mend
    assert "Parameters:\n  Nmae:\n    Type: String" in caught.value.mend


def test_previous_value_of_nothing_is_missing():
    with pytest.raises(ParametersUnknown, match=r"Name .* has no previous value to use"):
        completed('[{"ParameterKey": "Name", "UsePreviousValue": true}, "Workers=1"]')


def test_required_version_of_a_part_the_project_lacks_asks_for_a_default():
    template = Template(
        body="",
        parameters={"RequirementsVersion": TemplateParameter()},
        version_parameters={Part.REQUIREMENTS: "RequirementsVersion"},
    )

    with pytest.raises(ParametersUnknown, match=r'project has no requirements(.|\n)*Default: ""'):
        complete_parameters(template, GivenParameters(), {}, {})
