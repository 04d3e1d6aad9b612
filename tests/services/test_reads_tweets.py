"""One tweet, and the tweets of an account: what is shown of each, and to whom."""

from typing import Any, Final

import pytest

from foldline.core import events as ev
from foldline.web.schemas import TweetOut, TweetPage
from tests.services.scene import Scene

LIMITS: Final = (1, 3, 100)
HIDING: Final = ("suspended", "deleted", "blocks", "blocked by")


def hiding(how: str, viewer: int, other: int) -> ev.Event:
    """What hides an account's tweets from a viewer."""
    events: dict[str, ev.Event] = {
        "suspended": ev.AccountSuspended(other),
        "deleted": ev.AccountDeleted(other),
        "blocks": ev.UserBlocked(viewer, other),
        "blocked by": ev.UserBlocked(other, viewer),
    }
    return events[how]


async def figures(read: Scene, tweet: int, viewer: int | None = None) -> tuple[Any, ...]:
    shown = await read.get(f"/api/v1/tweets/{tweet}", viewer)
    counts = (shown[f"{name}_count"] for name in ("likes", "retweets", "replies"))
    return (*counts, shown["liked"], shown["retweeted"])


async def test_all_that_is_shown_of_a_tweet(read: Scene) -> None:
    ann, bob, cyd = await read.people(3, "Name 漢字")
    [asked] = await read.posts(bob)
    [tweet] = await read.posts(ann, text="an “answer”", reply_to=asked)
    await read.happened(
        ev.AccountVerified(ann),
        *(ev.TweetLiked(ann, tweet, user) for user in (bob, cyd)),
        read.posted(cyd, "", retweet_of=tweet),
        *(read.posted(bob, reply_to=tweet) for _ in range(3)),
    )
    shown = await read.get(f"/api/v1/tweets/{tweet}", cyd)
    assert shown.pop("created_at").endswith("Z")
    assert shown == {
        "tweet_id": str(tweet),
        "user_id": str(ann),
        "username": f"u{ann}",
        "display_name": "Name 漢字",
        "verified": True,
        "text": "an “answer”",
        "reply_to_tweet_id": str(asked),
        "retweet_of": None,
        "likes_count": 2,
        "retweets_count": 1,
        "replies_count": 3,
        "liked": True,
        "retweeted": True,
    }
    assert await figures(read, tweet, bob) == (2, 1, 3, True, False)
    assert await figures(read, tweet) == (2, 1, 3, False, False)


async def test_a_retweet_has_the_text_and_the_figures_of_its_original(read: Scene) -> None:
    ann, bob = await read.people(2)
    [tweet] = await read.posts(ann, text="the original")
    retweet = await read.retweeted(bob, tweet)
    await read.happened(ev.TweetLiked(ann, tweet, ann), read.posted(ann, reply_to=tweet))
    for viewer, liked, retweeted in ((ann, True, False), (bob, False, True)):
        shown = await read.get(f"/api/v1/tweets/{retweet}", viewer)
        assert (shown["tweet_id"], shown["user_id"]) == (str(retweet), str(bob))
        assert (shown["username"], shown["text"]) == (f"u{bob}", "the original")
        assert shown["retweet_of"] == str(tweet)
        assert await figures(read, retweet, viewer) == (1, 1, 1, liked, retweeted)
        assert await figures(read, tweet, viewer) == (1, 1, 1, liked, retweeted)
        page = await read.get(f"/api/v1/users/{bob}/tweets", viewer)
        assert page["tweets"] == [shown]


async def test_figures_follow_what_is_undone(read: Scene) -> None:
    ann, bob, cyd = await read.people(3)
    [tweet] = await read.posts(ann)
    retweet = await read.retweeted(bob, tweet)
    [reply] = await read.posts(bob, reply_to=tweet)
    await read.happened(ev.TweetLiked(ann, tweet, bob), ev.TweetLiked(ann, tweet, cyd))
    await read.happened(ev.AccountSuspended(cyd))
    assert await figures(read, tweet, bob) == (2, 1, 1, True, True)
    await read.happened(
        ev.TweetUnliked(ann, tweet, bob),
        ev.TweetDeleted(bob, retweet, retweet_of=tweet, retweet_of_author=ann),
        ev.TweetDeleted(bob, reply, reply_to=tweet, reply_to_author=ann),
    )
    assert await figures(read, tweet, bob) == (1, 0, 0, False, False)
    assert (await read.ask(f"/api/v1/tweets/{retweet}")).status == 404
    await read.happened(ev.AccountDeleted(cyd))
    assert await figures(read, tweet, bob) == (0, 0, 0, False, False)


async def test_what_a_deleted_account_did_to_a_tweet_is_undone(read: Scene) -> None:
    ann, bob = await read.people(2)
    [tweet] = await read.posts(ann)
    retweet = await read.retweeted(bob, tweet)
    await read.happened(ev.TweetLiked(ann, tweet, bob), read.posted(bob, reply_to=tweet))
    assert await figures(read, tweet) == (1, 1, 1, False, False)
    await read.happened(ev.AccountDeleted(bob))
    assert await figures(read, tweet) == (0, 0, 0, False, False)
    assert (await read.ask(f"/api/v1/tweets/{retweet}")).status == 404


async def test_no_such_tweet(read: Scene) -> None:
    ann, *_ = await read.people(1)
    [gone] = await read.posts(ann)
    await read.happened(ev.TweetDeleted(ann, gone))
    for tweet in (gone, ann, "0", "abc", str(1 << 63)):
        for more in ("", "/replies", "/thread", "/likes", "/retweets"):
            reply = await read.ask(f"/api/v1/tweets/{tweet}{more}", ann)
            assert (reply.status, reply.body["title"]) == (404, "Not Found")


@pytest.mark.parametrize("how", HIDING)
async def test_a_hidden_tweet_is_hidden_by_id(read: Scene, how: str) -> None:
    viewer, ann, bob = await read.people(3)
    [tweet] = await read.posts(ann)
    retweet = await read.retweeted(bob, tweet)
    await read.happened(hiding(how, viewer, ann))
    everybody = 404 if how in ("suspended", "deleted") else 200
    for hidden in (tweet, retweet):
        for more in ("", "/replies", "/thread", "/likes", "/retweets"):
            path = f"/api/v1/tweets/{hidden}{more}"
            statuses = [(await read.ask(path, who)).status for who in (viewer, bob, None)]
            assert statuses == [404, everybody, everybody]


async def test_a_mute_hides_nothing_outside_the_home_timeline(read: Scene) -> None:
    viewer, ann, bob = await read.people(3)
    [tweet] = await read.posts(ann)
    [reply] = await read.posts(bob, reply_to=tweet)
    await read.happened(ev.UserMuted(viewer, ann), ev.UserMuted(viewer, bob))
    assert await figures(read, tweet, viewer) == (0, 0, 1, False, False)
    assert await read.tweets(f"/api/v1/users/{ann}/tweets", viewer) == [tweet]
    assert await read.tweets(f"/api/v1/tweets/{tweet}/thread", viewer) == [tweet, reply]


async def test_an_accounts_tweets_to_both_ends(read: Scene) -> None:
    ann, bob, gone = await read.people(3)
    [original] = await read.posts(bob)
    [lost] = await read.posts(gone)
    tweets = await read.posts(ann, 9)
    await read.retweeted(ann, lost)
    tweets.append(await read.retweeted(ann, original))
    tweets += await read.posts(ann, 3, reply_to=original)
    await read.happened(ev.TweetDeleted(ann, tweets.pop(4)), ev.AccountSuspended(gone))
    for viewer in (None, ann, bob):
        for limit in LIMITS:
            path = f"/api/v1/users/{ann}/tweets"
            assert await read.walk(path, viewer, limit) == tweets[::-1]


@pytest.mark.parametrize("how", HIDING)
async def test_an_accounts_tweets_where_it_is_hidden(read: Scene, how: str) -> None:
    viewer, ann = await read.people(2)
    tweets = await read.posts(ann, 3)
    await read.happened(hiding(how, viewer, ann))
    path = f"/api/v1/users/{ann}/tweets"
    if how in ("deleted", "blocked by"):
        assert (await read.ask(path, viewer)).status == 404
    else:
        assert await read.tweets(path, viewer) == []
    if how == "deleted":
        assert (await read.ask(path)).status == 404
    else:
        assert await read.tweets(path) == ([] if how == "suspended" else tweets[::-1])


async def test_an_empty_list_has_no_neighbours(read: Scene) -> None:
    [ann] = await read.people(1)
    empty: dict[str, Any] = {"tweets": [], "next_cursor": None, "prev_cursor": None}
    for path in ("/api/v1/timeline", f"/api/v1/users/{ann}/tweets"):
        assert await read.get(path, ann) == empty


async def test_bodies_are_what_their_models_say(read: Scene) -> None:
    ann, bob = await read.people(2)
    [tweet] = await read.posts(ann, text='plain \u2028 \x7f \\ " 🦉')
    retweet = await read.retweeted(bob, tweet)
    await read.posts(bob, reply_to=tweet)
    paths: dict[str, type[TweetOut | TweetPage]] = {
        f"/api/v1/tweets/{tweet}": TweetOut,
        f"/api/v1/tweets/{retweet}": TweetOut,
        f"/api/v1/tweets/{tweet}/thread": TweetPage,
        f"/api/v1/users/{bob}/tweets": TweetPage,
        "/api/v1/timeline": TweetPage,
    }
    for path, model in paths.items():
        body = await read.get(path, bob)
        assert model.model_validate(body, strict=True, extra="forbid").model_dump() == body
