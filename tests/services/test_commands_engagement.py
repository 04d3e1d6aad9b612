"""Likes and retweets: what counts, of what, and how often."""

import asyncio
from typing import Any

import pytest

from foldline.core.events import TweetDeleted, TweetPosted
from tests.services.commanding import (
    TWEETS,
    USERS,
    command,
    done,
    events_since,
    join,
    join_elsewhere,
    newest_of,
    post,
    refused,
    shown,
)
from tests.services.conftest import Town

COUNTS = {"like": "likes_count", "retweet": "retweets_count"}
CROWD = 12
TIMES = 6


async def count(town: Town, act: str, tweet: int) -> int:
    return int((await shown(town, f"{TWEETS}/{tweet}"))[COUNTS[act]])


async def in_time(town: Town, caller: int, method: str, tweet: int, act: str) -> Any:
    """The count that a command answers with, or None where it came too late for one."""
    reply = await done(town, caller, method, f"{TWEETS}/{tweet}/{act}")
    assert reply.status == 200
    assert set(reply.body) == {"tweet_id", COUNTS[act]}
    assert (reply.body[COUNTS[act]] is None) == ("Foldline-Stale" in reply.headers)
    return reply.body[COUNTS[act]]


@pytest.mark.parametrize("act", COUNTS)
async def test_it_counts_once_however_often_it_is_done(town: Town, act: str) -> None:
    tweet = await post(town, town.ann)
    for method, counted in (("POST", 1), ("POST", 1), ("DELETE", 0), ("DELETE", 0), ("POST", 1)):
        answered = await in_time(town, town.bob, method, tweet, act)
        assert answered in (counted, None)
        assert await count(town, act, tweet) == counted
    assert await in_time(town, town.ann, "POST", tweet, act) in (2, None)


@pytest.mark.parametrize("act", COUNTS)
async def test_who_names_the_answers_positions_reads_the_count(town: Town, act: str) -> None:
    tweet = await post(town, town.ann)
    for method, counted in (("POST", 1), ("DELETE", 0)):
        reply = await done(town, town.bob, method, f"{TWEETS}/{tweet}/{act}")
        after = {"Foldline-After": reply.headers["Foldline-Position"]}
        url = f"{town.url}{TWEETS}/{tweet}"
        found = await town.world.client.ask("GET", url, town.bob, headers=after)
        if "Foldline-Stale" not in {**reply.headers, **found.headers}:
            assert found.body[COUNTS[act]] == counted


@pytest.mark.parametrize("act", COUNTS)
async def test_of_a_retweet_it_is_of_the_original(town: Town, act: str) -> None:
    cay, tweet = await join(town, "cay"), await post(town, town.ann)
    await done(town, town.bob, "POST", f"{TWEETS}/{tweet}/retweet")
    retweet = (await shown(town, f"{USERS}/{town.bob}/tweets"))["tweets"][0]["tweet_id"]
    before = await count(town, act, tweet)
    for method, more in (("POST", 1), ("DELETE", 0)):
        reply = await done(town, cay, method, f"{TWEETS}/{retweet}/{act}")
        assert reply.body["tweet_id"] == str(tweet)
        assert await count(town, act, tweet) == before + more


async def test_a_retweets_answer_tells_where_its_count_stands(town: Town) -> None:
    tweet, cay = await post(town, town.ann), await join_elsewhere(town, "cay")
    homes = {town.world.commands.partition_of(user) for user in (town.ann, cay)}
    for method in ("POST", "DELETE", "DELETE"):
        reply = await done(town, cay, method, f"{TWEETS}/{tweet}/retweet")
        assert "Foldline-Stale" in reply.headers or set(newest_of(reply)) == homes


@pytest.mark.parametrize("act", COUNTS)
async def test_a_storm_ends_in_the_exact_count(town: Town, act: str) -> None:
    tweet = await post(town, town.ann)
    crowd = [await join(town, f"c{n}") for n in range(CROWD)]
    path = f"{TWEETS}/{tweet}/{act}"

    async def storm(number: int, user: int) -> None:
        """Each on and off in turn, many times at once; those of odd number end with on."""
        for turn in range(TIMES + number % 2):
            method = "POST" if turn % 2 == 0 else "DELETE"
            while (await command(town, user, method, path)).status == 503:
                pass  # the views are behind
        await asyncio.gather(*(command(town, user, method, path) for _ in range(2)))

    await asyncio.gather(*(storm(number, user) for number, user in enumerate(crowd)))
    assert await count(town, act, tweet) == CROWD // 2
    listed = (await shown(town, f"{path}s?limit=100"))["users"]
    assert {int(user["user_id"]) for user in listed} == set(crowd[1::2])


async def test_a_retweet_storm_leaves_one_retweet(town: Town) -> None:
    tweet = await post(town, town.ann)
    path = f"{TWEETS}/{tweet}/retweet"
    replies = await asyncio.gather(*(command(town, town.bob, "POST", path) for _ in range(20)))
    assert {reply.status for reply in replies} == {200}
    assert {reply.body["retweets_count"] for reply in replies} <= {1, None}
    page = await shown(town, f"{USERS}/{town.bob}/tweets")
    assert [each["retweet_of"] for each in page["tweets"]] == [str(tweet)]
    assert await count(town, "retweet", tweet) == 1
    await done(town, town.bob, "DELETE", path)
    assert (await shown(town, f"{USERS}/{town.bob}/tweets"))["tweets"] == []
    assert await count(town, "retweet", tweet) == 0


async def test_the_retweet_that_was_made_last_is_the_one_that_is_taken_back(town: Town) -> None:
    """The views may still know the one before it."""
    tweet = await post(town, town.ann)
    path = f"{TWEETS}/{tweet}/retweet"
    for _ in range(5):
        for method in ("POST", "DELETE"):
            while (await command(town, town.bob, method, path)).status == 503:
                pass  # the views are behind
    assert (await shown(town, f"{USERS}/{town.bob}/tweets"))["tweets"] == []
    assert await count(town, "retweet", tweet) == 0


async def test_a_retweet_and_its_end_name_the_original(town: Town) -> None:
    tweet = await post(town, town.ann)
    before = await town.ends()
    await done(town, town.bob, "POST", f"{TWEETS}/{tweet}/retweet")
    await town.world.client.folded()
    (posted,) = [e for e in await events_since(town, before) if isinstance(e, TweetPosted)]
    assert (posted.text, posted.retweet_of, posted.retweet_of_author) == ("", tweet, town.ann)
    before = await town.ends()
    await done(town, town.bob, "DELETE", f"{TWEETS}/{posted.tweet_id}")
    (deleted,) = [e for e in await events_since(town, before) if isinstance(e, TweetDeleted)]
    assert deleted == TweetDeleted(
        town.bob, posted.tweet_id, retweet_of=tweet, retweet_of_author=town.ann
    )
    assert await count(town, "retweet", tweet) == 0


@pytest.mark.parametrize("act", COUNTS)
async def test_what_is_not_shown_can_not_be_acted_on(town: Town, act: str) -> None:
    tweet = await post(town, town.ann)
    await done(town, town.ann, "DELETE", f"{TWEETS}/{tweet}")
    await town.world.client.folded()
    for method in ("POST", "DELETE"):
        for gone in (tweet, 77):
            await refused(town, 404, town.bob, method, f"{TWEETS}/{gone}/{act}")
        await refused(town, 401, None, method, f"{TWEETS}/{tweet}/{act}")


@pytest.mark.parametrize("act", COUNTS)
async def test_nothing_is_done_in_anothers_name(town: Town, act: str) -> None:
    path = f"{TWEETS}/{await post(town, town.ann)}/{act}"
    await refused(town, 403, town.bob, "POST", path, {"user_id": str(town.ann)})
    await refused(town, 400, town.bob, "POST", path, {COUNTS[act]: 100})
    await done(town, town.bob, "POST", path, {"user_id": str(town.bob)})
