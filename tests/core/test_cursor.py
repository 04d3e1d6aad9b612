"""A cursor comes back as it went, and a mangled one never leads to another place."""

import base64
import string
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foldline.core.cursor import Cursor
from foldline.core.ids import MAX_ID
from foldline.core.span import Direction

ALPHABET = string.ascii_letters + string.digits + "-_"
SAMPLE = Cursor(at_id=7_654_321_012_345, direction=Direction.NEWER, made_at=1_753_000_000_123)


def sealed(version: int, direction: int, at_id: int) -> str:
    """A cursor with a right checksum over any content."""
    body = struct.pack(">BBQQ", version, direction, at_id, 0)
    raw = body + struct.pack(">H", zlib.crc32(body) & 0xFFFF)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@given(st.integers(0, MAX_ID), st.sampled_from(Direction), st.integers(0, (1 << 64) - 1))
def test_a_cursor_comes_back_as_it_went(at_id: int, direction: Direction, made_at: int) -> None:
    cursor = Cursor(at_id, direction, made_at)
    text = str(cursor)
    assert len(text) == 27
    assert set(text) <= set(ALPHABET)
    assert Cursor.parse(text) == cursor


def test_cursors_given_out_stay_good() -> None:
    assert str(SAMPLE) == "AQEAAAb2KRW-eQAAAZgm8Tp7GE8"
    assert Cursor.parse("AQEAAAb2KRW-eQAAAZgm8Tp7GE8") == SAMPLE


@pytest.mark.parametrize("made_at", range(SAMPLE.made_at, SAMPLE.made_at + 40))
def test_no_change_of_one_character_is_taken(made_at: int) -> None:
    """Forty of them, as their last characters differ, and with them the bits that carry nothing."""
    text = str(Cursor(SAMPLE.at_id, SAMPLE.direction, made_at))
    changed = {
        text[:at] + letter + text[at + 1 :]
        for at in range(len(text))
        for letter in ALPHABET + "=+/ é"
    } - {text}
    taken = [other for other in changed if _parsed(other) is not None]
    assert len(changed) > 1_700
    assert taken == []


def _parsed(text: str) -> Cursor | None:
    try:
        return Cursor.parse(text)
    except ValueError:
        return None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A",
        "AQ",
        str(SAMPLE)[:-1],
        str(SAMPLE)[:-3],
        str(SAMPLE) + "A",
        str(SAMPLE) + "=",
        "A" * 10_000,
        "é" * 27,
        "-" * 27,
        sealed(version=2, direction=0, at_id=1),
        sealed(version=1, direction=2, at_id=1),
        sealed(version=1, direction=0, at_id=MAX_ID + 1),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        Cursor.parse(text)


def test_the_seal_of_this_test_is_the_cursors_own() -> None:
    assert Cursor.parse(sealed(version=1, direction=1, at_id=5)) == Cursor(5, Direction.NEWER, 0)
