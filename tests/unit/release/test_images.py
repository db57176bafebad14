"""The images by digest: what is written, what is read, and what a run has to have used."""

import pytest

from release.errors import NotReleasable
from release.image_lock import parse, render
from release.images import airflow_versions, image_tag, not_as_locked, pushed_digest

ACTION = f"ghcr.io/o/mwaa-deploy@sha256:{'a' * 64}"
DIND = f"ghcr.io/o/mwaa-deploy@sha256:{'b' * 64}"
BOTH = {"action": ACTION, "action-dind": DIND}
SAID = {"action": "mwaa-deploy 1.2.3"}


def test_the_lock_names_both_images_and_is_read_as_it_was_written():
    text = render("1.2.3", BOTH)
    assert text.splitlines()[0].startswith("# The images of v1.2.3")
    assert text.splitlines()[1:] == [f"action {ACTION}", f"action-dind {DIND}"]
    assert parse(text) == BOTH


@pytest.mark.parametrize(
    "references",
    [
        {"action": ACTION},
        {**BOTH, "other": ACTION},
        {**BOTH, "action": "ghcr.io/o/mwaa-deploy:1.2.3"},
        {**BOTH, "action": f"{ACTION}\nbuild"},
        {**BOTH, "action": f"{ACTION} x"},
        {**BOTH, "action": f"-x@sha256:{'a' * 64}"},
    ],
)
def test_no_lock_is_written_of_anything_but_a_digest_for_each_target(references):
    with pytest.raises(NotReleasable):
        render("1.2.3", references)


@pytest.mark.parametrize("text", ["", "build\n", f"action {ACTION}\n", f"action {ACTION} x\naction-dind {DIND}\n"])
def test_a_checkout_that_is_no_release_has_no_images(text):
    with pytest.raises(NotReleasable, match="does not name an image by digest"):
        parse(text)


def test_the_digest_is_the_one_that_the_registry_took():
    output = f"The push refers to repository [x/y]\nabc: Pushed\n1.2.3: digest: sha256:{'c' * 64} size: 1781\n"
    assert pushed_digest(output) == f"sha256:{'c' * 64}"
    with pytest.raises(NotReleasable, match="no digest"):
        pushed_digest("abc: Pushed\n")


def test_people_see_the_version_and_its_variant():
    assert [image_tag("1.2.3", target) for target in BOTH] == ["1.2.3", "1.2.3-dind"]


def test_a_run_in_the_locked_image_beside_a_runner_is_as_it_should_be():
    assert not_as_locked(BOTH, "action", [ACTION, "mwaa-deploy/runner:2.10.3"], SAID, "1.2.3") == []


@pytest.mark.parametrize(
    ("used", "said", "wrong"),
    [
        ([], SAID, f"no container of {ACTION} has run; those that have: none"),
        ([ACTION, "mwaa-deploy/action:local"], SAID, "a container of mwaa-deploy/action:local has run"),
        ([ACTION, "mwaa-deploy/action-dind:local"], SAID, "a container of mwaa-deploy/action-dind:local has run"),
        ([ACTION, DIND], SAID, f"a container of {DIND} has run, which is another target's"),
        ([ACTION], {"action": "mwaa-deploy 1.2.2"}, f"{ACTION} says 'mwaa-deploy 1.2.2', not 'mwaa-deploy 1.2.3'"),
    ],
)
def test_a_run_that_used_anything_else_is_told(used, said, wrong):
    assert not_as_locked(BOTH, "action", used, said, "1.2.3") == [wrong]


def test_runner_images_are_those_of_the_table_or_one_of_them():
    table = '[everywhere]\n[airflow."2.10.3"]\n[airflow."3.0.6"]\n'
    assert airflow_versions(table, "") == ["2.10.3", "3.0.6"]
    assert airflow_versions(table, "3.0.6") == ["3.0.6"]
    with pytest.raises(NotReleasable, match=r"no runner image of Airflow '3'; there are those of 2\.10\.3, 3\.0\.6"):
        airflow_versions(table, "3")
