from itertools import islice

import pytest

from mwaa_deploy.clock import pauses


@pytest.mark.parametrize(
    ("longest", "expected"),
    [(10, [1, 2, 4, 8, 10, 10]), (5, [1, 2, 4, 5, 5, 5]), (0.1, [0.1] * 6)],
)
def test_pauses_grow_to_the_longest(longest, expected):
    assert list(islice(pauses(longest), 6)) == expected
