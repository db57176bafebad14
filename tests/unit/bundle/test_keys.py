import pytest

from mwaa_deploy.bundle.keys import DEFAULT_KEYS, part_keys
from mwaa_deploy.bundle.template import Template, TemplateParameter
from mwaa_deploy.errors import TemplateInvalid
from mwaa_deploy.parts import Part


def template(**paths: str) -> Template:
    parameters = {"Path": TemplateParameter(default="from-default"), "Team": TemplateParameter()}
    return Template(body="", parameters=parameters, paths={Part(part): path for part, path in paths.items()})


def test_names_of_the_documentation_are_the_default():
    assert part_keys(None, {}) == DEFAULT_KEYS
    assert part_keys(template(), {}, live_paths={}) == DEFAULT_KEYS


@pytest.mark.parametrize(
    ("written", "given", "stack", "key"),
    [
        ("literal/x.zip", {}, {}, "literal/x.zip"),
        ("${Path}", {}, {}, "from-default"),
        ("${Path}", {}, {"Path": "from-stack"}, "from-stack"),
        ("${Path}", {"Path": "from-file"}, {"Path": "from-stack"}, "from-file"),
        ("${Path}", {"Path": None}, {"Path": "from-stack"}, "from-stack"),
        ("${Team}/${Path}/x.zip", {"Team": "a"}, {}, "a/from-default/x.zip"),
        ("a${!Team}", {}, {}, "a${Team}"),
        ("/x.zip", {}, {}, "x.zip"),
    ],
)
def test_template_is_filled_in_from_file_then_stack_then_default(written, given, stack, key):
    keys = part_keys(template(plugins=written), given, stack_parameters=stack, live_paths={Part.PLUGINS: "live"})

    assert keys[Part.PLUGINS] == key


def test_what_cloudformation_alone_can_tell_is_taken_from_the_environment():
    keys = part_keys(template(dags="${AWS::Region}/dags"), {}, live_paths={Part.DAGS: "eu-west-1/dags/"})

    assert keys[Part.DAGS] == "eu-west-1/dags"


def test_what_nobody_can_tell_is_refused_before_anything_goes_there():
    with pytest.raises(TemplateInvalid, match=r"DagS3Path cannot be told .* \$\{Fn::Join\}"):
        part_keys(template(dags="${Fn::Join}"), {}, live_paths={})

    assert part_keys(template(dags="${Fn::Join}"), {}) == DEFAULT_KEYS


@pytest.mark.parametrize("prefix", ["/", "//"])
def test_whole_bucket_as_dag_folder_is_refused(prefix):
    with pytest.raises(TemplateInvalid, match="whole bucket"):
        part_keys(template(dags=prefix), {})
