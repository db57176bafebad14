"""What the rehearsal takes for a release that went well."""

import pytest

from lab.workflow import ActResult
from release.errors import NotReleasable
from release.rehearsal import judge

REFERENCE = f"127.0.0.1:5000/mwaa-deploy@sha256:{'a' * 64}"
LOG = (
    f"::group::Pull {REFERENCE}",
    f"The action has run in {REFERENCE}, which is of version 1.2.3; nothing was built.",
)


def result(*log, succeeded=True):
    return ActResult(succeeded=succeeded, annotations=(), outputs={}, summary="", log="\n".join(log))


def test_a_run_that_pulled_the_image_and_proved_it_is_good():
    judge(result(*LOG), REFERENCE, "1.2.3")


@pytest.mark.parametrize(
    ("found", "wrong"),
    [
        (result(*LOG, succeeded=False), "the smoke suite failed"),
        (result(LOG[1]), "was not pulled"),
        (result(LOG[0]), "was not seen to run"),
        (result(*LOG, "::group::Build the image of the action (action)"), "an image of the action was built"),
        (result(*(line.replace("a" * 64, "b" * 64) for line in LOG)), "was not pulled"),
        (result(*(line.replace("1.2.3", "1.2.2") for line in LOG)), "was not seen to run"),
    ],
)
def test_any_other_run_is_not(found, wrong):
    with pytest.raises(NotReleasable, match=wrong):
        judge(found, REFERENCE, "1.2.3")
