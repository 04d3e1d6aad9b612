"""What is around a tweet: the replies to it, its thread, who likes it and who retweets it."""

from typing import Final

import pytest

from foldline.core import events as ev
from query.conversations import ANCESTORS_MAX
from tests.services.scene import Scene

LIMITS: Final = (1, 3, 100)


async def test_replies_newest_first_to_both_ends(read: Scene) -> None:
    viewer, ann, bob, cyd, gone = await read.people(5)
    [tweet] = await read.posts(ann)
    posts = [read.posted(who, reply_to=tweet) for who in (bob, cyd, ann, gone, cyd, bob) * 9]
    await read.happened(*posts)
    deleted = posts[0].tweet_id
    await read.happened(
        read.posted(ann, reply_to=posts[1].tweet_id),  # not a direct one
        ev.UserBlocked(viewer, cyd),
        ev.AccountSuspended(gone),
        ev.TweetDeleted(bob, deleted, reply_to=tweet, reply_to_author=ann),
    )
    shown = [
        post.tweet_id
        for post in reversed(posts)
        if post.author_id in (ann, bob) and post.tweet_id != deleted
    ]
    path = f"/api/v1/tweets/{tweet}/replies"
    for limit in LIMITS:
        assert await read.walk(path, viewer, limit) == shown
    assert len(await read.tweets(path, limit=100)) == len(shown) + 18


async def test_a_thread_is_what_is_answered_then_the_tweet_then_its_replies(read: Scene) -> None:
    ann, bob = await read.people(2)
    [root] = await read.posts(ann)
    [middle] = await read.posts(bob, reply_to=root)
    [tweet] = await read.posts(ann, reply_to=middle)
    await read.posts(bob, reply_to=root)
    replies = (await read.posts(bob, 7, reply_to=tweet))[::-1]
    path = f"/api/v1/tweets/{tweet}/thread"
    above = [root, middle, tweet]
    assert await read.tweets(path) == above + replies
    page = await read.get(path, limit=3)
    shown = [int(each["tweet_id"]) for each in page["tweets"]]
    assert shown == above + replies[:3]
    while page["next_cursor"] is not None:
        page = await read.get(path, limit=3, cursor=page["next_cursor"])
        shown += [int(each["tweet_id"]) for each in page["tweets"]]
    assert shown == above + replies
    back = await read.tweets(path, limit=3, cursor=page["prev_cursor"])
    assert back == replies[3:6]


async def test_a_thread_without_answers_goes_neither_way(read: Scene) -> None:
    [ann] = await read.people(1)
    [tweet] = await read.posts(ann)
    page = await read.get(f"/api/v1/tweets/{tweet}/thread", ann)
    assert [each["tweet_id"] for each in page["tweets"]] == [str(tweet)]
    assert (page["next_cursor"], page["prev_cursor"]) == (None, None)


@pytest.mark.parametrize("how", ["deleted", "suspended", "closed", "blocks", "blocked by"])
async def test_what_is_hidden_ends_the_way_up(read: Scene, how: str) -> None:
    viewer, ann, bob, cyd = await read.people(4)
    [root] = await read.posts(ann)
    [hidden] = await read.posts(cyd, reply_to=root)
    [below] = await read.posts(bob, reply_to=hidden)
    [tweet] = await read.posts(ann, reply_to=below)
    path = f"/api/v1/tweets/{tweet}/thread"
    assert await read.tweets(path, viewer) == [root, hidden, below, tweet]
    happened: dict[str, ev.Event] = {
        "deleted": ev.TweetDeleted(cyd, hidden, reply_to=root, reply_to_author=ann),
        "suspended": ev.AccountSuspended(cyd),
        "closed": ev.AccountDeleted(cyd),
        "blocks": ev.UserBlocked(viewer, cyd),
        "blocked by": ev.UserBlocked(cyd, viewer),
    }
    await read.happened(happened[how])
    assert await read.tweets(path, viewer) == [below, tweet]


async def test_the_way_up_is_bounded(read: Scene) -> None:
    [ann] = await read.people(1)
    chain = [read.posted(ann)]
    for _ in range(ANCESTORS_MAX + 2):
        chain.append(read.posted(ann, reply_to=chain[-1].tweet_id))
    await read.happened(*chain)
    ids = [post.tweet_id for post in chain]
    shown = await read.tweets(f"/api/v1/tweets/{ids[-1]}/thread", ann)
    assert shown == ids[-ANCESTORS_MAX - 1 :]


async def test_a_reply_of_the_first_version_names_no_author(read: Scene) -> None:
    ann, bob = await read.people(2)
    [root] = await read.posts(ann)
    old = ev.TweetPosted(bob, root + 1, "of old", reply_to=root)
    await read.happened(old)
    assert await read.tweets(f"/api/v1/tweets/{root + 1}/thread") == [root, root + 1]


async def test_around_a_retweet_is_what_is_around_its_original(read: Scene) -> None:
    ann, bob, cyd = await read.people(3)
    [root] = await read.posts(cyd)
    [tweet] = await read.posts(ann, reply_to=root)
    retweet = await read.retweeted(bob, tweet)
    [reply] = await read.posts(cyd, reply_to=tweet)
    await read.happened(ev.TweetLiked(ann, tweet, cyd))
    path = f"/api/v1/tweets/{retweet}"
    assert await read.tweets(f"{path}/thread") == [root, tweet, reply]
    assert await read.tweets(f"{path}/replies") == [reply]
    assert await read.users(f"{path}/likes") == [cyd]
    assert await read.users(f"{path}/retweets") == [bob]


@pytest.mark.parametrize("kind", ["likes", "retweets"])
async def test_who_did_it_page_by_page(read: Scene, kind: str) -> None:
    viewer, ann, *users = await read.people(26)
    [tweet] = await read.posts(ann)
    hidden = set(users[3:14])
    suspended = users[20]
    if kind == "likes":
        await read.happened(*(ev.TweetLiked(ann, tweet, user) for user in users))
    else:
        await read.happened(*(read.posted(user, "", retweet_of=tweet) for user in users))
    await read.happened(
        *(ev.UserBlocked(viewer, user) for user in users[3:7]),
        *(ev.UserBlocked(user, viewer) for user in users[7:11]),
        *(ev.AccountDeleted(user) for user in users[11:14]),
        ev.AccountSuspended(suspended),
    )
    shown = [user for user in users if user not in hidden]
    path = f"/api/v1/tweets/{tweet}/{kind}"
    for limit in LIMITS:
        listed = await read.users(path, viewer, limit)
        assert listed == (shown if kind == "likes" else shown[::-1])
    everybody = [user for user in users if user not in users[11:14]]
    assert sorted(await read.users(path, None)) == everybody
    page = await read.get(path, viewer, limit=100)
    states = {int(user["user_id"]): user["status"] for user in page["users"]}
    assert {user for user, state in states.items() if state == "suspended"} == {suspended}
