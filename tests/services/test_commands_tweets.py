"""Replies, deletions, and what a key says of them."""

import uuid

from foldline.core.events import TweetDeleted, TweetPosted
from tests.services.commanding import (
    TWEETS,
    USERS,
    command,
    done,
    events_since,
    join,
    newest_of,
    post,
    refused,
    shown,
)
from tests.services.conftest import Town


async def test_a_reply_and_its_end_name_what_is_answered_with_its_author(town: Town) -> None:
    tweet = await post(town, town.ann)
    before = await town.ends()
    reply = await post(town, town.bob, "hi", reply_to_tweet_id=str(tweet))
    await done(town, town.bob, "DELETE", f"{TWEETS}/{reply}")
    events = await events_since(town, before)
    assert TweetPosted(town.bob, reply, "hi", tweet, town.ann) in events
    assert TweetDeleted(town.bob, reply, tweet, town.ann) in events


async def test_a_reply_counts_while_it_stands(town: Town) -> None:
    tweet = await post(town, town.ann)
    reply = await post(town, town.bob, "hi", reply_to_tweet_id=str(tweet))
    assert (await shown(town, f"{TWEETS}/{tweet}"))["replies_count"] == 1
    await done(town, town.bob, "DELETE", f"{TWEETS}/{reply}")
    assert (await shown(town, f"{TWEETS}/{tweet}"))["replies_count"] == 0


async def test_a_reply_to_a_retweet_is_to_the_original(town: Town) -> None:
    cay, tweet = await join(town, "cay"), await post(town, town.ann)
    await done(town, town.bob, "POST", f"{TWEETS}/{tweet}/retweet")
    retweet = (await shown(town, f"{USERS}/{town.bob}/tweets"))["tweets"][0]["tweet_id"]
    body = {"text": "hi", "reply_to_tweet_id": retweet}
    key = uuid.uuid4().hex
    replies = [await done(town, cay, "POST", TWEETS, body, key) for _ in range(2)]
    assert [reply.body["reply_to_tweet_id"] for reply in replies] == [str(tweet)] * 2
    found = await shown(town, f"{TWEETS}/{replies[0].body['tweet_id']}")
    assert found["reply_to_tweet_id"] == str(tweet)


async def test_a_repeat_is_answered_as_before_whatever_became_of_what_it_answers(
    town: Town,
) -> None:
    tweet, key = await post(town, town.ann), uuid.uuid4().hex
    body = {"text": "hi", "reply_to_tweet_id": str(tweet)}
    first = await done(town, town.bob, "POST", TWEETS, body, key)
    await done(town, town.ann, "POST", f"{USERS}/{town.bob}/block")
    await done(town, town.ann, "DELETE", f"{TWEETS}/{tweet}")
    await town.world.client.folded()
    before = await town.ends()
    again = await done(town, town.bob, "POST", TWEETS, body, key)
    assert (again.status, again.body) == (201, first.body)
    assert again.headers["Foldline-Position"] == first.headers["Foldline-Position"]
    assert await town.ends() == before
    assert (await command(town, town.bob, "POST", TWEETS, body, key + "2")).status == 404


async def test_a_reply_to_ones_own_tweet_or_reply_is_one_like_any(town: Town) -> None:
    tweet = await post(town, town.ann)
    reply = await post(town, town.ann, "and", reply_to_tweet_id=str(tweet))
    further = await post(town, town.bob, "hm", reply_to_tweet_id=str(reply))
    assert (await shown(town, f"{TWEETS}/{further}"))["reply_to_tweet_id"] == str(reply)


async def test_a_deletion_that_changes_nothing_tells_what_must_be_seen(town: Town) -> None:
    tweet = await post(town, town.ann)
    first = await done(town, town.ann, "DELETE", f"{TWEETS}/{tweet}")
    await town.world.client.folded()
    again = await done(town, town.ann, "DELETE", f"{TWEETS}/{tweet}")
    (deleted,) = newest_of(first).items()
    (told,) = newest_of(again).items()
    assert told[0] == deleted[0]
    assert told[1] >= deleted[1]


async def test_ones_own_name_may_be_repeated_and_no_other(town: Town) -> None:
    body = {"text": "hello"}
    await done(town, town.ann, "POST", TWEETS, body | {"user_id": str(town.ann)})
    await refused(town, 403, town.ann, "POST", TWEETS, body | {"user_id": str(town.bob)})
    await refused(town, 401, 4_242, "POST", TWEETS, body | {"user_id": str(town.bob)})
    for field in ("author_id", "likes_count", "retweet_of", "tweet_id", "created_at"):
        await refused(town, 400, town.ann, "POST", TWEETS, body | {field: "1"})
