"""Events that were once written can be read for ever.

The golden files hold one envelope of every event type and version, as the bytes that a log has.
They are written once: a new type adds a line, a new version a file, and no line is ever changed.
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
    ("AccountUpdated", 1): Envelope("0a22", ev.AccountUpdated(7, "A. ☃", None), T + 7),
    ("AccountSuspended", 1): Envelope("0a23", ev.AccountSuspended(7), T + 8),
    ("AccountReinstated", 1): Envelope("0a24", ev.AccountReinstated(7), T + 9),
    ("AccountVerified", 1): Envelope("0a25", ev.AccountVerified(7), T + 10),
    ("AccountDeleted", 1): Envelope("0a26", ev.AccountDeleted(7), T + 11),
    ("TweetLiked", 1): Envelope("0a27", ev.TweetLiked(7, BIG, 8), T + 12),
    ("TweetUnliked", 1): Envelope("0a28", ev.TweetUnliked(7, BIG, 8), T + 13, cause="0a26"),
    ("TweetRetweeted", 1): Envelope("0a29", ev.TweetRetweeted(7, 11, BIG, 8), T + 14, cause="0a"),
    ("TweetUnretweeted", 1): Envelope("0a2a", ev.TweetUnretweeted(7, 11, BIG), T + 15, cause="0a"),
    ("TweetReplied", 1): Envelope("0a2b", ev.TweetReplied(7, 11, BIG, 8), T + 16, cause="0a"),
    ("TweetUnreplied", 1): Envelope("0a2c", ev.TweetUnreplied(7, 11, BIG), T + 17, cause="0a"),
    ("FollowBarred", 1): Envelope("0a2d", ev.FollowBarred(8, 7, 1 << 52), T + 18, cause="0a"),
    ("FollowUnbarred", 1): Envelope("0a2e", ev.FollowUnbarred(8, 7, 3), T + 19, cause="0a"),
    ("UserBlocked", 1): Envelope("0a2f", ev.UserBlocked(8, 7), T + 20),
    ("UserUnblocked", 1): Envelope("0a30", ev.UserUnblocked(8, 7), T + 21),
    ("UserMuted", 1): Envelope("0a31", ev.UserMuted(8, 7), T + 22),
    ("UserUnmuted", 1): Envelope("0a32", ev.UserUnmuted(8, 7), T + 23),
    ("TweetPosted", 2): Envelope(
        "0a33",
        ev.TweetPosted(7, BIG, "hello again", 11, 8, retweet_of=12, retweet_of_author=9),
        T + 24,
        idempotency_key="key-2",
    ),
    ("TweetDeleted", 2): Envelope("0a34", ev.TweetDeleted(7, BIG, 11, 8, 12, 9), T + 25),
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
