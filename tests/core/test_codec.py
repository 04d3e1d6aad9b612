"""Events as bytes: round trips, upcasts, and what can and can't be read."""

from collections.abc import Callable
from typing import ClassVar

import msgspec
import pytest

from foldline.core import events as ev
from foldline.core.codec import Codec, Envelope, Payload
from foldline.errors import NewerVersionError, UndecodableError


class Measured(ev.Event, frozen=True):
    """An event at its third version: feet became metres, then the place got a name."""

    VERSION: ClassVar[int] = 3
    account_id: int
    metres: float
    place: str

    @property
    def key(self) -> int:
        return self.account_id


def _metres(old: Payload) -> Payload:
    return {"account_id": old["account_id"], "metres": old["feet"] * 0.3048}


def _place(old: Payload) -> Payload:
    return {**old, "place": "unknown"}


MEASURES = Codec({"Measured": Measured}, {("Measured", 1): _metres, ("Measured", 2): _place})


def wire(data: object, kind: str = "Measured", version: int = 1) -> bytes:
    """The bytes that a writer of `version` left."""
    head = {"id": "e1", "type": kind, "version": version, "occurred_at": 9}
    return msgspec.msgpack.encode({**head, "data": data})


@pytest.mark.parametrize(
    "event",
    [
        ev.AccountCreated(1, "ada", "Ada", "counts"),
        ev.TweetPosted(1, 2, "né ☃", reply_to=3),
        ev.TweetDeleted(1, 2),
        ev.UserFollowed(1, 2),
        ev.UserUnfollowed(1, 2),
        ev.AuthorPromoted(1, 100_000),
        ev.AuthorDemoted(1, 89_999),
    ],
    ids=lambda event: type(event).__name__,
)
def test_what_is_encoded_is_decoded(event: ev.Event) -> None:
    codec = Codec()
    bare = Envelope("e1", event, 1_700_000_000_000)
    full = Envelope("e1", event, 1_700_000_000_000, idempotency_key="k", cause="e0")
    assert codec.decode(codec.encode(bare)) == bare
    assert codec.decode(codec.encode(full)) == full


@pytest.mark.parametrize(
    ("version", "data", "metres", "place"),
    [
        (1, {"account_id": 1, "feet": 10}, 3.048, "unknown"),
        (2, {"account_id": 1, "metres": 2.5}, 2.5, "unknown"),
        (3, {"account_id": 1, "metres": 2.5, "place": "quay"}, 2.5, "quay"),
    ],
)
def test_every_older_version_is_brought_up(
    version: int, data: Payload, metres: float, place: str
) -> None:
    event = MEASURES.decode(wire(data, version=version)).event
    assert event == Measured(account_id=1, metres=metres, place=place)


def test_a_newer_version_is_not_the_events_fault() -> None:
    with pytest.raises(NewerVersionError, match="version 4 is newer than version 3"):
        MEASURES.decode(wire({}, version=4))


DEEP = msgspec.Raw(b"\x91" * 60_000 + b"\xc0")  # one array in another, within a record's bounds


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "no value"),
        (b"", "not an event"),
        (b"\xc1", "not an event"),
        (b"plain text", "not an event"),
        (wire({}, kind="Unheard"), "unknown event type 'Unheard'"),
        (wire({}, version=0), "never had a version 0"),
        (wire({}, version=-(2**63)), "never had a version"),
        (wire({"account_id": 1}, version=1), "not a Measured of version 1: KeyError"),
        (wire({"account_id": 1, "feet": None}, version=1), "TypeError"),
        (wire({"account_id": "x", "metres": 1.0}, version=2), "not an event"),
        (wire({"account_id": 1}, version=3), "not an event"),
        (wire([1, 2], version=2), "not an event"),
        (wire(msgspec.Raw(b"\x81\xa5place\xa1\xff"), version=3), "not an event"),
        (wire(DEEP, version=1), "not an event"),
        (wire(DEEP, version=3), "not an event"),
    ],
)
def test_what_can_never_be_read_says_so(value: bytes | None, said: str) -> None:
    with pytest.raises(UndecodableError, match=said):
        MEASURES.decode(value)


@pytest.mark.parametrize("bad_id", [0, -1, 1 << 63, "1", 1.5, None, True])
def test_an_id_out_of_bounds_is_undecodable(bad_id: object) -> None:
    value = wire({"author_id": 1, "tweet_id": bad_id}, kind="TweetDeleted")
    with pytest.raises(UndecodableError):
        Codec().decode(value)


def test_fields_of_later_writers_are_passed_over() -> None:
    value = wire({"author_id": 1, "tweet_id": 2, "mood": "calm"}, kind="TweetDeleted")
    assert Codec().decode(value).event == ev.TweetDeleted(1, 2)


@pytest.mark.parametrize("cut", [lambda value: value[:-1], lambda value: value + b"\x00"])
def test_cut_or_lengthened_bytes_are_undecodable(cut: Callable[[bytes], bytes]) -> None:
    codec = Codec()
    value = codec.encode(Envelope("e1", ev.UserFollowed(1, 2), 9))
    with pytest.raises(UndecodableError):
        codec.decode(cut(value))
