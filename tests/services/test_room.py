"""The room for further follows, while some are under way."""

import pytest

from foldline.core.ids import NO_IDS, IntArray
from foldline.errors import ConflictError
from ingest.room import Room
from tests.contracts.ids import array

READER, LIMIT = 1, 2


async def nobody() -> IntArray:
    return NO_IDS


async def test_follows_under_way_take_room_and_give_back_what_was_not_appended() -> None:
    room = Room()
    async with room.one_more(READER, 10, LIMIT, nobody, nobody):
        async with room.one_more(READER, 11, LIMIT, nobody, nobody):
            with pytest.raises(ConflictError):
                await room.one_more(READER, 12, LIMIT, nobody, nobody).__aenter__()
            async with room.one_more(2, 12, LIMIT, nobody, nobody):
                pass  # another's room
        async with room.one_more(READER, 12, LIMIT, nobody, nobody):
            pass  # 11 did not come to stand


async def test_one_that_ends_while_the_views_are_asked_is_counted_all_the_same() -> None:
    room = Room()
    first = room.one_more(READER, 10, LIMIT, nobody, nobody)
    await first.__aenter__()

    async def one_and_first_ends() -> IntArray:
        await first.__aexit__(None, None, None)  # behind what the views knew
        return array(11)

    async with room.one_more(READER, 11, LIMIT, nobody, nobody):
        pass
    with pytest.raises(ConflictError):
        await room.one_more(READER, 12, LIMIT, nobody, one_and_first_ends).__aenter__()


async def test_one_that_stands_needs_no_room() -> None:
    async def full() -> IntArray:
        return array(10, 11)

    room = Room()
    async with room.one_more(READER, 10, LIMIT, full, full):
        pass
    with pytest.raises(ConflictError):
        await room.one_more(READER, 12, LIMIT, full, full).__aenter__()
