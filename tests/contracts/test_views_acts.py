"""Blocks, mutes, likes, retweets, replies: what readers and the fold get from every store."""

import random

import numpy as np

from foldline.core import effects as fx
from foldline.core.account import Profile
from foldline.core.effects import ReferenceKind
from foldline.core.ids import MAX_ID
from foldline.core.span import Direction, Span
from foldline.core.words import Word, WordKind
from foldline.settings import Settings
from foldline.views.port import Account, Counts, Tweet, Views
from tests.contracts.acts import Acts, expected, observed
from tests.contracts.ids import array, fresh, several
from tests.contracts.test_views import put_account
from tests.contracts.test_views_writes import HISTORIES, shuffled


async def test_acts_in_any_order_end_in_the_order_of_the_stamps(
    views: Views, settings: Settings
) -> None:
    for seed in range(HISTORIES[settings.profile]):
        rng = random.Random(seed)
        world = Acts.new(rng)
        history = world.history(120)
        arrived = shuffled(history, rng)
        for at in range(0, len(arrived), 25):
            await views.apply(arrived[at : at + 25], {})
        assert await observed(views, world) == expected(world, history), f"seed {seed}"


async def test_a_removal_wins_at_equal_stamps(views: Views) -> None:
    one, other, tweet = several(3)
    stands: list[fx.Effect] = [
        fx.SetBlock(one, other, True, 5),
        fx.SetMute(one, other, True, 5),
        fx.SetLike(tweet, 7, one, True, 5),
    ]
    ended: list[fx.Effect] = [
        fx.SetBlock(one, other, False, 5),
        fx.SetMute(one, other, False, 5),
        fx.SetLike(tweet, 7, one, False, 5),
    ]
    for effects in (stands, ended, stands):
        await views.apply(effects, {})
    found = await views.restrictions(one)
    assert (found.blocks.size, found.mutes.size, found.blocked_by.size) == (0, 0, 0)
    assert (await views.liked_among(one, [tweet])).size == 0


async def test_an_account_keeps_what_it_is(views: Views) -> None:
    user = fresh()
    await views.apply([put_account(user, 1, "n")], {})
    await views.apply([fx.PutAccount(user, f"u{user}", "n", "b", 7, 2, True, True)], {})
    assert await views.accounts([user]) == {
        user: Account(user, f"u{user}", "n", "b", 7, 0, 0, verified=True, suspended=True)
    }
    await views.apply([fx.PutAccount(user, f"u{user}", "", "", 7, 9, closed_at=9)], {})
    closed = (await views.accounts([user]))[user]
    assert (closed.deleted, closed.visible, closed.closed_at) == (True, False, 9)
    loaded = (await views.load([user]))[user]
    assert loaded.profile == Profile(f"u{user}", "", "", closed_at=9)
    assert loaded.closed


async def test_a_name_is_that_of_the_newest_account_that_had_it(views: Views) -> None:
    old, new = several(2)
    name = f"name{old}"
    await views.apply([fx.PutAccount(new, name, "", "", 7, 3)], {})
    assert await views.account_id(name) == new
    await views.apply([fx.PutAccount(old, name, "", "", 7, 50, closed_at=50)], {})
    assert await views.account_id(name) == new


async def test_words_are_kept_with_cause_and_stamp(views: Views) -> None:
    author, other = several(2)
    puts: list[fx.Effect] = [
        fx.PutWord(author, WordKind.BAR, other, 5, 1, 8),
        fx.PutWord(author, WordKind.BAR, other, 6, 0, 9),
        fx.PutWord(author, WordKind.BLOCK, other, 7, 1, 7),
        fx.PutWord(author, WordKind.RETWEET, other, 1 << 52, MAX_ID, 1 << 52),
    ]
    await views.apply(puts, {})
    await views.apply(puts[:1], {})
    words = (await views.load([author]))[author].words
    assert {topic: sorted(said, key=lambda w: w.cause) for topic, said in words.items()} == {
        (WordKind.BAR, other): [Word(5, 8, 1), Word(6, 9, 0)],
        (WordKind.BLOCK, other): [Word(7, 7, 1)],
        (WordKind.RETWEET, other): [Word(1 << 52, 1 << 52, MAX_ID)],
    }


async def test_what_a_tweet_answers_or_repeats(views: Views) -> None:
    author, reply, retweet = several(3)
    await views.apply(
        [
            fx.PutTweet(reply, author, "re", 7, 11, 1, reply_to_author=12),
            fx.PutTweet(retweet, author, "", 7, None, 2, retweet_of=13, retweet_of_author=14),
        ],
        {},
    )
    assert await views.tweets([reply, retweet]) == {
        reply: Tweet(reply, author, "re", 7, 11, False, reply_to_author=12),
        retweet: Tweet(retweet, author, "", 7, None, False, None, 13, 14),
    }


async def test_spans_of_references(views: Views) -> None:
    tweet, user, *by = several(12)
    kind = ReferenceKind.REPLY
    effects: list[fx.Effect] = [fx.PutReference(kind, tweet, each, user, 1) for each in by]
    dropped = [fx.DropReference(kind, tweet, each, 2) for each in (by[3], by[4], by[8])]
    await views.apply([*dropped[:1], *effects], {})
    await views.apply([*dropped[1:], fx.DropReference(kind, tweet, fresh(), 2)], {})
    live = [each for each in by if each not in (by[3], by[4], by[8])]
    for span, expected_ids in (
        (Span(50), live[::-1]),
        (Span(2), live[:-3:-1]),
        (Span(3, below=by[6]), [by[5], by[2], by[1]]),
        (Span(2, above=by[2], direction=Direction.NEWER), [by[5], by[6]]),
        (Span(50, above=by[2], below=by[6]), [by[5]]),
    ):
        rows = await views.references(kind, tweet, span)
        assert rows.tweets.tolist() == expected_ids
        assert rows.authors.tolist() == [user] * len(expected_ids)
    assert (await views.references(ReferenceKind.RETWEET, tweet, Span(5))).tweets.size == 0


async def test_likers_and_likes_in_pages(views: Views) -> None:
    tweet, *users = several(31)
    await views.apply([fx.SetLike(tweet, 7, user, True, 1) for user in users], {})
    found: list[int] = []
    while (page := await views.likers(tweet, found[-1] if found else 0, 7)).size:
        assert page.size <= 7
        found += page.tolist()
    assert found == users
    more = several(9)
    await views.apply([fx.SetLike(each, each, users[0], True, 1) for each in more], {})
    listed: dict[int, int] = {}
    while page_of := await views.likes_of(users[0], max(listed, default=0), 4):
        listed |= page_of
    assert listed == {tweet: 7} | {each: each for each in more}


async def test_nothing_is_found_where_nobody_did_anything(views: Views) -> None:
    nobody = fresh()
    assert await views.counts([nobody]) == {}
    assert await views.counts([]) == {}
    assert (await views.liked_among(nobody, [])).size == 0
    assert await views.retweets_among(nobody, [nobody]) == {}
    assert (await views.likers(nobody, 0, 5)).dtype == np.dtype(np.int64)
    assert await views.likes_of(nobody, 0, 5) == {}
    engagement = (await views.load_engagements({nobody: 7}))[nobody]
    assert (engagement.author_id, engagement.nbytes) == (7, 0)
    assert await views.load_engagements({}) == {}
    loaded = (await views.load([nobody]))[nobody]
    assert (loaded.profile, dict(loaded.words)) == (None, {})


async def test_counts_are_absolute(views: Views) -> None:
    tweet = fresh()
    await views.apply([fx.SetEngagement(tweet, 3, 2, 1, 9)], {})
    await views.apply([fx.SetEngagement(tweet, 9, 9, 9, 8)], {})
    assert await views.counts([tweet, fresh()]) == {tweet: Counts(3, 2, 1)}


async def test_thousands_cease_to_follow_a_deleted_account(views: Views) -> None:
    author, *users = several(2_001)
    await views.apply([fx.PutEdge(user, author, 1) for user in users], {})
    await views.apply([fx.DropFollowers(author, array(*users), 5)], {})
    await views.apply([fx.PutEdge(users[0], author, 1)], {})
    assert (await views.following_among(users, author)).size == 0
    assert (await views.following(users[7])).size == 0
