"""What readers get from every store of views: `foldline.views.port.ServedViews`."""

import asyncio
import threading
from datetime import UTC, datetime

import numpy as np
import pytest

from foldline.core import effects as fx
from foldline.core.ids import MAX_ID, Snowflakes
from foldline.core.span import Direction, Span
from foldline.errors import ViewsUnavailableError
from foldline.profiles import PROFILES
from foldline.settings import Settings
from foldline.views.port import Account, Tweet, Views
from tests.contracts.ids import array, fresh, several

TEXTS = (
    "plain",
    "ünïcödé e\u0301 漢字 \u202eright to left",
    "😀👩‍👩‍👧‍👦🏳️‍🌈" * 20,
    "\x01\x02\x1f\x7f\t\r\n",
    "\"quoted\" \\ 'single' %s ? :name {}",
    "",
)


def put_account(user_id: int, stamp: int, name: str = "") -> fx.PutAccount:
    return fx.PutAccount(user_id, f"u{user_id}", name, f"{name} bio", 7, stamp)


def put_tweet(tweet_id: int, author_id: int, stamp: int, text: str = "text") -> fx.PutTweet:
    return fx.PutTweet(tweet_id, author_id, text, 7, None, stamp)


@pytest.mark.parametrize("text", TEXTS)
async def test_text_comes_back_as_it_was(views: Views, text: str) -> None:
    user, tweet = several(2)
    await views.apply([put_account(user, 1, text), put_tweet(tweet, user, 2, text)], {})
    account = Account(user, f"u{user}", text, f"{text} bio", 7, 0, 0)
    assert await views.accounts([user]) == {user: account}
    assert await views.tweets([tweet]) == {tweet: Tweet(tweet, user, text, 7, None, False)}


async def test_counts_may_come_before_the_profile(views: Views) -> None:
    user = fresh()
    await views.apply([fx.SetCounts(user, 3, 4, 5)], {})
    assert await views.accounts([user]) == {}
    assert await views.account_id(f"u{user}") is None
    await views.apply([put_account(user, 2, "n")], {})
    account = Account(user, f"u{user}", "n", "n bio", 7, 3, 4)
    assert await views.accounts([user, fresh()]) == {user: account}
    assert await views.account_id(f"u{user}") == user


async def test_a_deletion_may_come_before_the_tweet(views: Views) -> None:
    author, tweet, reply = several(3)
    await views.apply([fx.DeleteTweet(tweet, author, 9)], {})
    assert await views.tweets([tweet]) == {}
    await views.apply([put_tweet(tweet, author, 8)], {})
    await views.apply([fx.PutTweet(reply, author, "re", 8, tweet, 10)], {})
    assert await views.tweets([tweet, reply, fresh()]) == {
        tweet: Tweet(tweet, author, "text", 7, None, True),
        reply: Tweet(reply, author, "re", 8, tweet, False),
    }


async def test_nothing_is_found_where_nothing_is(views: Views) -> None:
    nobody = fresh()
    for asked in ([nobody], []):
        assert await views.accounts(asked) == {}
        assert await views.tweets(asked) == {}
    assert await views.load([]) == {}
    assert await views.tweets_of([], Span(5)) == {}
    assert (await views.tweets_of([nobody], Span(5)))[nobody].size == 0
    rows = await views.timeline(nobody, Span(5))
    ids = [rows.tweets, rows.authors, await views.following(nobody)]
    ids.append(await views.followers(nobody, 0, 5))
    assert [(found.size, found.dtype) for found in ids] == [(0, np.dtype(np.int64))] * 4
    assert await views.floor(nobody) == 0
    assert (await views.following_among([nobody], nobody)).size == 0
    await views.apply([], {})


async def test_more_than_a_thousand_at_once(views: Views) -> None:
    author, *users = several(1_201)
    tweets = several(1_200)
    await views.apply([put_tweet(tweet, author, at) for at, tweet in enumerate(tweets, 1)], {})
    await views.apply([put_account(user, 1) for user in users], {})
    assert set(await views.accounts(users)) == set(users)
    assert set(await views.tweets(tweets)) == set(tweets)
    assert (await views.tweets_of([author], Span(5_000)))[author].tolist() == tweets[::-1]
    asked = [author, *users]
    assert set(await views.tweets_of(asked, Span(1))) == set(asked)
    assert set(await views.load(asked)) == set(asked)


async def test_every_account_is_listed_once_in_a_constant_order(views: Views) -> None:
    users = several(25)
    await views.apply([put_account(user, 1) for user in users], {})

    async def walk(limit: int) -> list[int]:
        found: list[int] = []
        page = await views.account_ids(None, limit)
        while page.size:
            assert page.size <= limit
            found += page.tolist()
            page = await views.account_ids(found[-1], limit)
        return found

    listed = await walk(400)
    assert len(listed) == len(set(listed))
    assert set(users) <= set(listed)
    assert await walk(7) == listed


async def test_spans_of_a_timeline(views: Views) -> None:
    user, author, *tweets = several(32)
    other = fresh()
    effects = [
        fx.Deliver(author, array(*tweets[::2]), array(user, fresh()), 1),
        fx.Deliver(other, array(*tweets[1::2]), array(user), 1),
    ]
    await views.apply(effects, {})
    cases = [
        (Span(50), tweets[::-1]),
        (Span(4), tweets[:-5:-1]),
        (Span(4, below=tweets[20]), tweets[19:15:-1]),
        (Span(50, above=tweets[20]), tweets[:20:-1]),
        (Span(50, below=tweets[9], above=tweets[5]), tweets[8:5:-1]),
        (Span(4, direction=Direction.NEWER), tweets[:4]),
        (Span(4, above=tweets[20], direction=Direction.NEWER), tweets[21:25]),
        (Span(50, below=tweets[9], above=tweets[5], direction=Direction.NEWER), tweets[6:9]),
        (Span(5, below=tweets[6], above=tweets[5]), []),
    ]
    for span, expected in cases:
        rows = await views.timeline(user, span)
        assert rows.tweets.tolist() == expected
        assert rows.authors.tolist() == [(author, other)[tweets.index(t) % 2] for t in expected]


async def test_spans_of_authors_across_years(views: Views) -> None:
    author, second = several(2)
    snowflakes = Snowflakes(9)
    moments = [datetime(y, m, d, tzinfo=UTC) for y, m, d in (
        (2024, 1, 1), (2024, 1, 31), (2024, 2, 1), (2024, 12, 31), (2025, 1, 1), (2031, 6, 15),
    )]  # fmt: skip
    tweets = [snowflakes.next(int(at.timestamp()) * 1000) for at in moments for _ in range(3)]
    effects = [put_tweet(tweet, author, stamp) for stamp, tweet in enumerate(tweets, 1)]
    await views.apply([*effects, put_tweet(own := fresh(), second, 1)], {})
    cases = [
        (Span(50), tweets[::-1]),
        (Span(5), tweets[:-6:-1]),
        (Span(8, below=tweets[10]), tweets[9:1:-1]),
        (Span(50, above=tweets[4], below=tweets[13]), tweets[12:4:-1]),
        (Span(8, above=tweets[4], direction=Direction.NEWER), tweets[5:13]),
        (Span(50, direction=Direction.NEWER), tweets),
        (Span(50, above=tweets[13], below=tweets[14]), []),
    ]
    for span, expected in cases:
        assert (await views.tweets_of([author], span))[author].tolist() == expected
    both = await views.tweets_of([second, author, author], Span(2))
    assert {key: ids.tolist() for key, ids in both.items()} == {
        author: tweets[:-3:-1],
        second: [own],
    }
    loaded = (await views.load([author]))[author]
    assert (loaded.tweets.tolist(), loaded.deleted.tolist()) == (tweets, [])


async def test_the_smallest_and_the_largest_ids(views: Views) -> None:
    last = MAX_ID - 1
    effects: list[fx.Effect] = [
        put_account(MAX_ID, 1),
        put_tweet(last, MAX_ID, 1),
        put_tweet(1, MAX_ID, 2),
        fx.PutEdge(MAX_ID, 1, 3),
        fx.PutEdge(1, MAX_ID, 3),
        fx.Deliver(MAX_ID, array(1, last), array(1, MAX_ID), 4),
        fx.RaiseFloor(array(1, MAX_ID), MAX_ID),
        fx.SetCelebrity(MAX_ID, True, 1 << 52),
        fx.SetCelebrity(1, True, 1),
    ]
    await views.apply(effects, {})
    assert set(await views.accounts([MAX_ID, 1])) == {MAX_ID}
    assert set(await views.tweets([last, 1])) == {last, 1}
    assert (await views.tweets_of([MAX_ID], Span(9)))[MAX_ID].tolist() == [last, 1]
    for user, other in ((1, MAX_ID), (MAX_ID, 1)):
        assert (await views.timeline(user, Span(9))).tweets.tolist() == [last, 1]
        assert await views.floor(user) == MAX_ID
        assert (await views.followers(user, 0, 9)).tolist() == [other]
        assert (await views.following(user)).tolist() == [other]
    assert {1, MAX_ID} <= set((await views.celebrities()).tolist())
    loaded = (await views.load([MAX_ID]))[MAX_ID]
    assert (loaded.tweets.tolist(), loaded.followers.tolist()) == ([1, last], [1])
    await views.apply([fx.SetCelebrity(1, False, 2), fx.SetCelebrity(MAX_ID, False, 1 << 53)], {})


async def test_followers_in_pages_and_follows_from_both_ends(views: Views) -> None:
    author, *users = several(61)
    await views.apply([fx.PutEdge(user, author, at) for at, user in enumerate(users, 1)], {})
    await views.apply([fx.DropEdge(users[7], author, 99)], {})
    left = users[:7] + users[8:]
    found: list[int] = []
    while (page := await views.followers(author, found[-1] if found else 0, 7)).size:
        assert page.size <= 7
        found += page.tolist()
    assert found == left
    assert (await views.load([author]))[author].followers.tolist() == left
    asked = [users[9], users[7], users[0], author]
    assert (await views.following_among(asked, author)).tolist() == [users[0], users[9]]
    assert (await views.following_among(users[:2], users[0])).tolist() == []
    assert (await views.following(users[7])).size == 0
    more = several(3)
    await views.apply([fx.PutEdge(users[0], other, 5) for other in reversed(more)], {})
    assert (await views.following(users[0])).tolist() == [author, *more]


async def test_many_viewers_at_once_are_as_one_by_one(views: Views) -> None:
    users, nobody = several(30), fresh()
    first, second, *_ = users
    await views.apply(
        [
            *(fx.PutEdge(user, first, 1) for user in users[1:]),
            *(fx.PutEdge(second, user, 1) for user in reversed(users[2:])),
            fx.DropEdge(second, users[9], 2),
            fx.SetBlock(first, second, True, 3),
            fx.SetMute(second, users[4], True, 4),
            fx.RaiseFloor(array(second, users[7]), 70),
        ],
        {},
    )
    assert await views.viewers([]) == {}
    found = await views.viewers([*users, nobody])
    assert set(found) == {*users, nobody}
    for user, rows in found.items():
        one = await views.restrictions(user)
        told = rows.restrictions
        assert rows.following.tolist() == (await views.following(user)).tolist()
        assert rows.following.dtype == np.int64
        assert (told.blocks.tolist(), told.blocked_by.tolist()) == (
            one.blocks.tolist(),
            one.blocked_by.tolist(),
        )
        assert told.mutes.tolist() == one.mutes.tolist()
        assert rows.floor == await views.floor(user)
    assert found[second].floor == 70 and found[second].following.size == 28
    assert found[second].restrictions.mutes.tolist() == [users[4]]


async def test_celebrities_are_sorted_and_loaded(views: Views) -> None:
    authors = several(9)
    await views.apply([fx.SetCelebrity(author, True, 1) for author in reversed(authors)], {})
    await views.apply([fx.SetCelebrity(authors[4], False, 2)], {})
    found = (await views.celebrities()).tolist()
    assert found == sorted(found)
    assert [author for author in authors if author in found] == authors[:4] + authors[5:]
    loaded = await views.load(authors)
    assert [loaded[author].celebrity for author in authors] == [n != 4 for n in range(9)]


async def test_another_thread_with_its_own_loop_may_read(views: Views) -> None:
    user = fresh()
    await views.apply([fx.RaiseFloor(array(user), 5)], {})
    floors: list[int] = []
    thread = threading.Thread(target=lambda: floors.append(asyncio.run(floor_of(views, user))))
    thread.start()
    await asyncio.to_thread(thread.join)
    assert floors == [5]


async def floor_of(views: Views, user: int) -> int:
    return await views.floor(user)


async def test_views_opened_again_hold_all_and_close_cleanly(
    views: Views, settings: Settings
) -> None:
    partition, tweet = 50, fresh()
    await views.apply([put_tweet(tweet, fresh(), 1)], {partition: 8})
    control = await PROFILES[settings.profile].control(settings)
    again = await PROFILES[settings.profile].views(settings, await control.active_generation())
    await control.close()
    assert set(await again.tweets([tweet])) == {tweet}
    assert (await again.progress())[partition] == 8
    await again.close()
    await again.close()
    with pytest.raises(ViewsUnavailableError):
        await again.progress()
    with pytest.raises(ViewsUnavailableError):
        await again.apply([], {partition: 9})
    assert (await views.progress())[partition] == 8
