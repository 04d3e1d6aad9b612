"""Many at once: one key, one name, one edge."""

import asyncio
import uuid
from collections import Counter

from foldline.core.events import AccountCreated, TweetPosted
from tests.services.commanding import (
    TWEETS,
    USERS,
    command,
    done,
    events_since,
    join,
    shown,
)
from tests.services.conftest import Town

POSTS = 200
CLAIMS = 100
CROWD = 10


async def test_200_posts_under_one_key_are_one_tweet_and_one_answer(town: Town) -> None:
    key, body = uuid.uuid4().hex, {"text": "once"}
    replies = await asyncio.gather(
        *(command(town, town.ann, "POST", TWEETS, body, key) for _ in range(POSTS))
    )
    assert {reply.status for reply in replies} == {201}
    assert all(reply.body == replies[0].body for reply in replies)
    page = await shown(town, f"{USERS}/{town.ann}/tweets")
    assert [tweet["tweet_id"] for tweet in page["tweets"]] == [replies[0].body["tweet_id"]]
    assert (await shown(town, f"{USERS}/{town.ann}"))["tweets_count"] == 1


async def test_and_so_for_each_of_several_users_with_the_same_key(town: Town) -> None:
    users = [town.ann, town.bob, await join(town, "cay"), await join(town, "dan")]
    key, body = uuid.uuid4().hex, {"text": "once each"}
    replies = await asyncio.gather(
        *(command(town, users[n % 4], "POST", TWEETS, body, key) for n in range(POSTS))
    )
    assert {reply.status for reply in replies} == {201}
    tweets = {(reply.body["user_id"], reply.body["tweet_id"]) for reply in replies}
    assert {int(user) for user, _ in tweets} == set(users)
    assert len(tweets) == len({tweet for _, tweet in tweets}) == len(users)


async def test_one_key_for_two_bodies_at_once_is_one_tweet_and_refusals(town: Town) -> None:
    key = uuid.uuid4().hex
    before = await town.ends()
    replies = await asyncio.gather(
        *(command(town, town.ann, "POST", TWEETS, {"text": f"{n % 2}"}, key) for n in range(40))
    )
    assert Counter(reply.status for reply in replies) == {201: 20, 422: 20}
    posted = [e for e in await events_since(town, before) if isinstance(e, TweetPosted)]
    assert len({(event.tweet_id, event.text) for event in posted}) == 1


async def test_of_100_claims_of_a_name_one_wins_and_99_are_no_events(town: Town) -> None:
    name = f"eve_{town.ann}"
    before = await town.ends()
    body = {"username": name}
    replies = await asyncio.gather(
        *(command(town, None, "POST", USERS, body) for _ in range(CLAIMS))
    )
    assert Counter(reply.status for reply in replies) == {201: 1, 409: CLAIMS - 1}
    created = [e for e in await events_since(town, before) if isinstance(e, AccountCreated)]
    (winner,) = [reply for reply in replies if reply.status == 201]
    assert [str(event.account_id) for event in created] == [winner.body["user_id"]]


async def test_follow_storms_end_in_each_followers_last_word(town: Town) -> None:
    crowd = [await join(town, f"f{n}") for n in range(CROWD)]
    path = f"{USERS}/{town.ann}/follow"

    async def storm(number: int, user: int) -> None:
        for method in ("POST", "DELETE") * 3:
            await asyncio.gather(*(command(town, user, method, path) for _ in range(2)))
        await done(town, user, "POST" if number % 2 else "DELETE", path)

    await asyncio.gather(*(storm(number, user) for number, user in enumerate(crowd)))
    assert (await shown(town, f"{USERS}/{town.ann}"))["followers_count"] == CROWD // 2
    found = await shown(town, f"{USERS}/{town.ann}/followers?limit=100")
    assert {int(user["user_id"]) for user in found["users"]} == set(crowd[1::2])
    for number, user in enumerate(crowd):
        profile = await shown(town, f"{USERS}/{user}")
        assert profile["following_count"] == number % 2


async def test_changes_of_a_profile_at_once_end_in_one_of_them(town: Town) -> None:
    own = f"{USERS}/{town.ann}"
    texts = [f"bio {n}" for n in range(20)]
    await asyncio.gather(*(command(town, town.ann, "PATCH", own, {"bio": t}) for t in texts))
    assert (await shown(town, own))["bio"] in texts
