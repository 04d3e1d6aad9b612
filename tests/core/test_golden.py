"""Events that were once written can be read for ever.

The golden files hold one envelope of every event type and version, as the bytes that a log has.
They are written once: a new version adds a file, and no line is ever changed.
"""

from pathlib import Path

import pytest

from foldline.core import events as ev
from foldline.core.codec import Codec, Envelope

T = 1_753_000_000_000
BIG = 1 << 62
GOLDEN = {
    ("AccountCreated", 1): Envelope("0a1b", ev.AccountCreated(7, "ada", "Ada", "né ☃"), T),
    ("TweetPosted", 1): Envelope(
        "0a1c", ev.TweetPosted(7, BIG, "hello, world", 11), T + 1, idempotency_key="key-1"
    ),
    ("TweetDeleted", 1): Envelope("0a1d", ev.TweetDeleted(7, BIG), T + 2),
    ("UserFollowed", 1): Envelope("0a1e", ev.UserFollowed(8, 7), T + 3),
    ("UserUnfollowed", 1): Envelope("0a1f", ev.UserUnfollowed(8, 7), T + 4),
    ("AuthorPromoted", 1): Envelope("0a20", ev.AuthorPromoted(7, 100_000), T + 5, cause="0a1e"),
    ("AuthorDemoted", 1): Envelope("0a21", ev.AuthorDemoted(7, 89_999), T + 6, cause="0a1f"),
}


def golden_bytes() -> dict[tuple[str, int], bytes]:
    """(type, version) → the bytes in its file `v<version>.hex`."""
    found = {}
    for path in sorted(Path(__file__).with_name("golden").glob("v*.hex")):
        for line in path.read_text().splitlines():
            name, value = line.split()
            found[name, int(path.stem[1:])] = bytes.fromhex(value)
    return found


@pytest.mark.parametrize(("name", "version"), GOLDEN)
def test_what_was_once_written_is_read_as_it_was_meant(name: str, version: int) -> None:
    assert Codec().decode(golden_bytes()[name, version]) == GOLDEN[name, version]


def test_every_type_and_version_has_its_golden_bytes() -> None:
    known = {(n, v) for n, kind in ev.EVENTS.items() for v in range(1, kind.VERSION + 1)}
    assert set(golden_bytes()) == set(GOLDEN) == known
