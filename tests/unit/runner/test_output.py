"""Output is kept to a size."""

from hypothesis import given
from hypothesis import strategies as st

from mwaa_deploy.runner.output import CappedOutput


def capped(chunks: list[bytes], limit: int) -> str:
    output = CappedOutput(limit)
    for chunk in chunks:
        output.write(chunk)
    return output.text()


def test_short_output_is_whole():
    assert capped([b"one ", b"two"], 100) == "one two"


def test_bytes_that_are_no_text_are_replaced():
    assert capped([b"a\xff", b"\xc3", b"\xbc"], 100) == "a�ü"


def test_the_middle_of_long_output_is_left_out():
    assert capped([b"01234", b"56789abc", b"defghij"], 10) == "01234\n[... 10 bytes left out ...]\nfghij"


@given(st.lists(st.binary(max_size=40)), st.integers(min_value=1, max_value=60))
def test_beginning_and_end_are_kept_however_the_chunks_fall(chunks, half):
    whole = b"".join(chunks)
    kept = capped(chunks, 2 * half)
    if len(whole) <= 2 * half:
        assert kept == whole.decode(errors="replace")
    else:
        gap = f"\n[... {len(whole) - 2 * half} bytes left out ...]\n".encode()
        assert kept == (whole[:half] + gap + whole[len(whole) - half :]).decode(errors="replace")
