"""An account follows so many others, and no more."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from tests.conftest import PROFILE_PARAMS, WorldSettings
from tests.flow.client import UnexpectedAnswerError
from tests.flow.worlds import World, world
from tests.services.commanding import USERS, command, done
from tests.services.conftest import Town

MOST = 3


@pytest.fixture(params=PROFILE_PARAMS)
async def small(
    request: pytest.FixtureRequest, world_settings: WorldSettings
) -> AsyncIterator[World]:
    async with world(world_settings(request.param, buckets=4, follows_max=MOST)) as running:
        yield running


async def test_one_more_is_refused_until_another_ends(small: World) -> None:
    client = small.client
    reader, *others = [await client.join(f"user_{n}") for n in range(MOST + 2)]
    for other in others[:MOST]:
        await client.follow(reader, other)
    ends = await small.profile.log.ends()
    with pytest.raises(UnexpectedAnswerError, match=f"409 .*at most {MOST} others"):
        await client.follow(reader, others[MOST])
    assert await small.profile.log.ends() == ends
    await client.unfollow(reader, others[0])
    await client.follow(reader, others[MOST])
    await client.folded()
    assert (await client.get(f"{USERS}/{reader}"))["following_count"] == MOST


async def test_a_follow_that_stands_may_be_repeated_at_the_limit(small: World) -> None:
    client = small.client
    reader, *others = [await client.join(f"user_{n}") for n in range(MOST + 1)]
    for _ in range(3):
        for other in others:
            await client.follow(reader, other)
    await client.folded()
    assert (await client.get(f"{USERS}/{reader}"))["following_count"] == MOST


async def test_of_many_at_once_no_more_than_the_limit_stand(small: World) -> None:
    client = small.client
    reader, *others = [await client.join(f"user_{n}") for n in range(5 * MOST)]
    await client.folded()
    town = Town(small, reader, others[0])
    replies = await asyncio.gather(
        *(command(town, reader, "POST", f"{USERS}/{other}/follow") for other in others)
    )
    assert Counter(reply.status for reply in replies)[201] == MOST
    assert {reply.status for reply in replies} <= {201, 409, 503}
    await client.folded()
    assert (await client.get(f"{USERS}/{reader}"))["following_count"] == MOST
    (first, *_) = (await client.get(f"{USERS}/{reader}/following"))["users"]
    await done(town, reader, "DELETE", f"{USERS}/{first['user_id']}/follow")
    await client.follow(reader, int(first["user_id"]))
