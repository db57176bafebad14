"""Options in a requirements file, held to what pip itself makes of them."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pip._internal.req.req_file import OptionParsingError, build_parser

from mwaa_deploy.checks.pip_options import OptionFault, PipOption, parse_options

HASH = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-i URL", [("index-url", "URL")]),
        ("-iURL", [("index-url", "URL")]),
        ("-i=URL", [("index-url", "=URL")]),
        ("--index-url=URL --no-index", [("index-url", "URL"), ("no-index", "")]),
        ("--extra 'a b'", [("extra-index-url", "a b")]),
        (f"--hash={HASH} --hash {HASH}", [("hash", HASH)] * 2),
        ("--pre and words", [("pre", "")]),
        ("", []),
    ],
)
def test_every_spelling_is_read(text, expected):
    assert parse_options(text) == tuple(PipOption(name=name, value=value) for name, value in expected)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("--no-such-option", "no such option: --no-such-option"),
        ("-x", "no such option: -x"),
        ("--no", "no such option"),
        ("-r", "-r needs a value"),
        ("--pre=yes", "takes no value"),
        ("--hash=md5:aa", "a hash is written"),
        ("--index-url 'URL", "quotation marks"),
    ],
)
def test_what_pip_refuses_is_a_fault(text, words):
    with pytest.raises(OptionFault, match=words):
        parse_options(text)


WORDS = [
    "-i",
    "-c",
    "-r",
    "-f",
    "-e",
    "--pre",
    "--no-index",
    "--index-url=x",
    "--find-links",
    "--trusted-host",
    "x",
    "-cx",
]


@given(st.lists(st.sampled_from(WORDS), max_size=5))
def test_pip_takes_what_is_taken_here_and_refuses_what_is_refused(words):
    parser = build_parser()

    def takes(read: Callable[[], object], refusal: type[Exception]) -> bool:
        try:
            read()
        except refusal:
            return False
        return True

    by_pip = takes(lambda: parser.parse_args(list(words)), OptionParsingError)
    assert takes(lambda: parse_options(" ".join(words)), OptionFault) is by_pip
