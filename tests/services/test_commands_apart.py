"""Blocks and mutes: what they refuse, and what they end."""

import asyncio

import pytest

from tests.services.commanding import (
    TWEETS,
    USERS,
    command,
    done,
    join,
    join_elsewhere,
    newest_of,
    post,
    refused,
    shown,
)
from tests.services.conftest import Town


def relationship(other: int, **stands: bool) -> dict[str, object]:
    nothing = {"following": False, "followed_by": False, "blocking": False, "muting": False}
    return {"user_id": str(other), **nothing, **stands}


async def test_a_block_ends_both_follows_and_may_be_repeated(town: Town) -> None:
    client = town.world.client
    await client.follow(town.ann, town.bob)
    await client.follow(town.bob, town.ann)
    await client.folded()
    path = f"{USERS}/{town.bob}/block"
    for _ in range(2):
        reply = await done(town, town.ann, "POST", path)
        assert (reply.status, reply.body) == (200, relationship(town.bob, blocking=True))
    for user in (town.ann, town.bob):
        found = await shown(town, f"{USERS}/{user}", user)
        assert (found["followers_count"], found["following_count"]) == (0, 0)
    for _ in range(2):
        reply = await done(town, town.ann, "DELETE", path)
        assert (reply.status, reply.body) == (204, "")
    found = await shown(town, f"{USERS}/{town.bob}", town.ann)
    assert found["relationship"] == relationship(town.bob)


async def test_a_block_tells_where_both_its_words_stand(town: Town) -> None:
    cay = await join_elsewhere(town, "cay")
    homes = {town.world.commands.partition_of(user) for user in (town.ann, cay)}
    for method in ("POST", "DELETE"):
        reply = await done(town, town.ann, method, f"{USERS}/{cay}/block")
        if "Foldline-Stale" not in reply.headers:
            assert set(newest_of(reply)) == homes


@pytest.mark.parametrize("blocked", [True, False], ids=["by the other", "by oneself"])
async def test_between_two_that_a_block_parts_nothing_is_done(town: Town, blocked: bool) -> None:
    tweet = await post(town, town.ann)
    cay = await join(town, "cay")
    await done(town, cay, "POST", f"{TWEETS}/{tweet}/retweet")
    retweet = (await shown(town, f"{USERS}/{cay}/tweets"))["tweets"][0]["tweet_id"]
    one, other = (town.ann, town.bob) if blocked else (town.bob, town.ann)
    await done(town, one, "POST", f"{USERS}/{other}/block")
    await town.world.client.folded()
    await refused(town, 403, town.bob, "POST", f"{USERS}/{town.ann}/follow")
    await refused(town, 403, town.bob, "POST", "/api/v1/follow", {"follow_user_id": str(town.ann)})
    for each in (tweet, retweet):
        reply = {"text": "hello", "reply_to_tweet_id": str(each)}
        await refused(town, 403, town.bob, "POST", TWEETS, reply)
        for act in ("like", "retweet"):
            await refused(town, 403, town.bob, "POST", f"{TWEETS}/{each}/{act}")
    await done(town, one, "DELETE", f"{USERS}/{other}/block")
    await town.world.client.folded()
    await done(town, town.bob, "POST", f"{TWEETS}/{tweet}/like")
    await done(town, town.bob, "POST", f"{USERS}/{town.ann}/follow")


async def test_a_retweet_by_one_who_is_blocked_can_not_be_acted_on(town: Town) -> None:
    cay, tweet = await join(town, "cay"), await post(town, town.ann)
    await done(town, cay, "POST", f"{TWEETS}/{tweet}/retweet")
    retweet = (await shown(town, f"{USERS}/{cay}/tweets"))["tweets"][0]["tweet_id"]
    await done(town, cay, "POST", f"{USERS}/{town.bob}/block")
    await town.world.client.folded()
    await refused(town, 403, town.bob, "POST", f"{TWEETS}/{retweet}/like")
    await done(town, town.bob, "POST", f"{TWEETS}/{tweet}/like")


async def test_what_was_done_before_a_block_can_be_undone_behind_it(town: Town) -> None:
    tweet = await post(town, town.ann)
    for act in ("like", "retweet"):
        await done(town, town.bob, "POST", f"{TWEETS}/{tweet}/{act}")
    await done(town, town.ann, "POST", f"{USERS}/{town.bob}/block")
    await town.world.client.folded()
    for act in ("like", "retweet"):
        await done(town, town.bob, "DELETE", f"{TWEETS}/{tweet}/{act}")
    await done(town, town.bob, "DELETE", f"{USERS}/{town.ann}/follow")
    found = await shown(town, f"{TWEETS}/{tweet}")
    assert (found["likes_count"], found["retweets_count"]) == (0, 0)


async def test_both_may_block_each_other(town: Town) -> None:
    await done(town, town.ann, "POST", f"{USERS}/{town.bob}/block")
    await town.world.client.folded()
    await done(town, town.bob, "POST", f"{USERS}/{town.ann}/block")
    await done(town, town.ann, "DELETE", f"{USERS}/{town.bob}/block")
    await town.world.client.folded()
    await refused(town, 403, town.ann, "POST", f"{USERS}/{town.bob}/follow")
    await done(town, town.bob, "POST", f"{USERS}/{town.ann}/mute")


async def test_a_mute_stands_until_it_ends(town: Town) -> None:
    client = town.world.client
    await client.follow(town.ann, town.bob)
    await post(town, town.bob)
    path = f"{USERS}/{town.bob}/mute"
    for _ in range(2):
        reply = await done(town, town.ann, "POST", path)
        stands = relationship(town.bob, following=True, muting=True)
        assert (reply.status, reply.body) == (200, stands)
    assert (await shown(town, f"{USERS}/{town.bob}", town.ann))["relationship"] == stands
    assert (await shown(town, "/api/v1/timeline", town.ann))["tweets"] == []
    for _ in range(2):
        assert (await done(town, town.ann, "DELETE", path)).status == 204
    assert len((await shown(town, "/api/v1/timeline", town.ann))["tweets"]) == 1


@pytest.mark.parametrize("act", ["block", "mute"])
async def test_no_one_keeps_themselves_away_or_nobody(town: Town, act: str) -> None:
    for method in ("POST", "DELETE"):
        await refused(town, 409, town.ann, method, f"{USERS}/{town.ann}/{act}")
        await refused(town, 404, town.ann, method, f"{USERS}/77/{act}")
        await refused(town, 401, None, method, f"{USERS}/{town.bob}/{act}")
    path = f"{USERS}/{town.bob}/{act}"
    await refused(town, 403, town.ann, "POST", path, {"user_id": "77"})
    await refused(town, 400, town.ann, "POST", path, {"blocking": True})
    for known in (town.ann, town.bob):
        await done(town, town.ann, "POST", path, {"user_id": str(known)})


async def test_a_storm_of_blocks_and_follows_ends_in_the_last_word(town: Town) -> None:
    cay = await join(town, "cay")

    async def storm(user: int) -> None:
        for _ in range(6):
            await command(town, user, "POST", f"{USERS}/{town.ann}/follow")
            await command(town, town.ann, "POST", f"{USERS}/{user}/block")
            await command(town, user, "POST", f"{USERS}/{town.ann}/follow")
            await command(town, town.ann, "DELETE", f"{USERS}/{user}/block")

    await asyncio.gather(*(storm(user) for user in (town.bob, cay)))
    await done(town, town.ann, "POST", f"{USERS}/{cay}/block")
    await town.world.client.folded()
    await done(town, town.bob, "POST", f"{USERS}/{town.ann}/follow")
    found = await shown(town, f"{USERS}/{town.ann}/followers", town.ann)
    assert [int(user["user_id"]) for user in found["users"]] == [town.bob]
    assert (await shown(town, f"{USERS}/{town.ann}"))["followers_count"] == 1
