"""What becomes of events that can't be folded: `foldline.views.port.DeadLetters`."""

from collections.abc import Iterator
from itertools import count

import pytest

from foldline.core.effects import PutDeadLetter
from foldline.core.position import Position, stamp_of
from foldline.views.port import DeadLetter, Views

_PARTITIONS = count(500)


@pytest.fixture
def partition() -> Iterator[int]:
    """One that no other test has."""
    yield next(_PARTITIONS)


def put(at: Position, value: bytes | None = b"\x00bad\xff", error: str = "bad") -> PutDeadLetter:
    return PutDeadLetter(*at, error, value, stamp_of(at.offset))


async def listed(views: Views, partition: int, limit: int = 100) -> list[DeadLetter]:
    return [
        letter
        for letter in await views.dead_letters(Position(partition - 1, 1 << 39), limit)
        if letter.position.partition == partition
    ]


async def test_a_dead_letter_is_found_by_its_place(views: Views, partition: int) -> None:
    cases: list[tuple[bytes | None, str]] = [
        (b"\x00bad\xff", "text 😀 \x01"),
        (b"", "empty"),
        (None, "no value"),
        (bytes(60_000), "x" * 2_000),
    ]
    letters = [put(Position(partition, at), *case) for at, case in enumerate(cases)]
    await views.apply(letters, {})
    for at, (value, error) in enumerate(cases):
        place = Position(partition, at)
        assert await views.dead_letter(place) == DeadLetter(place, error, value, ())
    assert await views.dead_letter(Position(partition, len(cases))) is None
    assert await views.dead_letter(Position(partition + 9_000, 0)) is None


async def test_an_event_is_listed_once_however_often_it_died(views: Views, partition: int) -> None:
    at, first, second = Position(partition, 7), Position(3, 9), Position(1, 12)
    for _ in range(2):
        await views.apply([put(at), put(at)], {})
    assert await listed(views, partition) == [DeadLetter(at, "bad", b"\x00bad\xff", ())]
    for copy in (first, first, second, first):
        await views.mark_replayed(at, copy)
        await views.apply([put(at)], {})
    replayed = DeadLetter(at, "bad", b"\x00bad\xff", (second, first))
    assert await views.dead_letter(at) == replayed
    assert await listed(views, partition) == [replayed]


async def test_dead_letters_are_listed_by_partition_and_offset(views: Views) -> None:
    first, second = next(_PARTITIONS), next(_PARTITIONS)
    places = [Position(first, at) for at in (0, 3, 4)] + [Position(second, at) for at in (0, 1, 9)]
    await views.apply([put(at) for at in reversed(places)], {})
    before = Position(first - 1, 1 << 39)
    for limit in (1, 2, 4, 100):
        found: list[Position] = []
        after = before
        while page := await views.dead_letters(after, limit):
            assert len(page) <= limit
            found += [letter.position for letter in page]
            after = found[-1]
        assert [at for at in found if at.partition in (first, second)] == places
    (behind, *_) = await views.dead_letters(places[1], 1)
    assert behind.position == places[2]
    everything = [letter.position for letter in await views.dead_letters(None, 10_000)]
    assert everything == sorted(everything)
    assert set(places) <= set(everything)
