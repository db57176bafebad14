"""Bytes of requirements files, held to what pip itself makes of them."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pip._internal.req.req_file import _decode_req_file

from mwaa_deploy.checks.requirement_text import decode


@pytest.mark.parametrize(
    "body",
    [
        b"six\r\nidna\r\n",
        codecs.BOM_UTF8 + "ä".encode(),
        codecs.BOM_UTF16_LE + "six\n".encode("utf-16-le"),
        codecs.BOM_UTF32_LE + "six\n".encode("utf-32-le"),
        "# -*- coding: latin-1 -*-\nä".encode("latin-1"),
        "\n# coding: cp1252\n€".encode("cp1252"),
    ],
)
def test_pip_reads_the_same_text_and_reads_it_again_when_written(body):
    found = decode(body)

    assert (found.text, found.fault) == (_decode_req_file(body, ""), "")
    assert _decode_req_file(found.text.encode(found.encoding), "") == found.text


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        (b"six\n\nidna # \xe4\n", 3, "no UTF-8"),
        (b"# coding: klingon\n", 1, "klingon"),
        (codecs.BOM_UTF16_LE + b"a", 1, "no UTF-16-LE"),
        (b"# coding: ascii\nsix # \xe4\n", 2, "no ASCII"),
        (b"x" * (9 * 1024 * 1024), None, "8 MiB"),
    ],
)
def test_what_cannot_be_read_is_a_fault_with_its_line(body, line, words):
    found = decode(body)

    assert found.line == line
    assert words in found.fault


@given(st.binary())
def test_any_bytes_give_a_text(body):
    found = decode(body)

    assert isinstance(found.text, str)
    assert found.fault or found.text.encode(found.encoding) is not None
