"""Writes of views commute and repeat safely: `foldline.views.port.FoldedViews`."""

import asyncio
import random
from collections.abc import Sequence

import pytest

from foldline.core import effects as fx
from foldline.core.span import Direction, Span
from foldline.settings import Settings
from foldline.views.port import Views
from tests.contracts.histories import World, expected, observed
from tests.contracts.ids import array, fresh, several
from tests.contracts.test_views import put_account, put_tweet

HISTORIES = {"embedded": 60, "distributed": 4}


async def test_any_order_any_repeats_end_in_the_order_of_the_stamps(
    views: Views, settings: Settings
) -> None:
    for seed in range(HISTORIES[settings.profile]):
        rng = random.Random(seed)
        world = World.new(rng)
        history = world.history(150)
        for arrived in (history, shuffled(history, rng), history[::-1]):
            for at in range(0, len(arrived), 40):
                await views.apply(arrived[at : at + 40], {})
        assert await observed(views, world) == expected(world, history), f"seed {seed}"


async def test_a_first_arrival_in_any_order_ends_the_same(views: Views, settings: Settings) -> None:
    for seed in range(HISTORIES[settings.profile]):
        rng = random.Random(1_000 + seed)
        world = World.new(rng)
        history = world.history(80)
        arrived = shuffled(history, rng)
        for at in range(0, len(arrived), 7):
            await views.apply(arrived[at : at + 7], {})
        assert await observed(views, world) == expected(world, history), f"seed {seed}"


def shuffled(history: Sequence[fx.Effect], rng: random.Random) -> list[fx.Effect]:
    """All of it, a third of it twice, in any order."""
    arrived = [*history, *rng.sample(history, len(history) // 3)]
    rng.shuffle(arrived)
    return arrived


@pytest.mark.parametrize("removal_first", [True, False])
@pytest.mark.parametrize("together", [True, False])
async def test_at_equal_stamps_a_removal_wins(
    views: Views, removal_first: bool, together: bool
) -> None:
    user, author, tweet = several(3)
    puts: list[fx.Effect] = [
        fx.PutEdge(user, author, 5),
        fx.Deliver(author, array(tweet), array(user), 5),
        fx.SetCelebrity(author, True, 5),
        put_tweet(tweet, author, 5),
    ]
    removals: list[fx.Effect] = [
        fx.DropEdge(user, author, 5),
        fx.Retract(author, array(tweet), array(user), 5),
        fx.SetCelebrity(author, False, 5),
        fx.DeleteTweet(tweet, author, 5),
    ]
    first, second = (removals, puts) if removal_first else (puts, removals)
    for part in [first + second] if together else [first, second]:
        await views.apply(part, {})
    assert (await views.following_among([user], author)).size == 0
    assert (await views.followers(author, 0, 5)).size == 0
    assert (await views.timeline(user, Span(5))).tweets.size == 0
    assert author not in (await views.celebrities()).tolist()
    loaded = (await views.load([author]))[author]
    assert (loaded.tweets.size, loaded.deleted.tolist()) == (0, [tweet])
    assert (await views.tweets([tweet]))[tweet].deleted


async def test_a_deletion_is_final_whatever_the_stamps(views: Views) -> None:
    author, kept, tweet = several(3)
    await views.apply([put_tweet(kept, author, 1), put_tweet(tweet, author, 2)], {})
    await views.apply([fx.DeleteTweet(tweet, author, 3)], {})
    for stamp in (2, 4):  # a repeat, and a late copy of the post
        await views.apply([put_tweet(tweet, author, stamp)], {})
        assert (await views.tweets([tweet]))[tweet].deleted
        assert (await views.tweets_of([author], Span(5)))[author].tolist() == [kept]
        newer = Span(1, above=kept, direction=Direction.NEWER)
        assert (await views.tweets_of([author], newer))[author].size == 0
        loaded = (await views.load([author]))[author]
        assert (loaded.tweets.tolist(), loaded.deleted.tolist()) == ([kept], [tweet])


async def test_deleted_tweets_take_no_place_in_a_page(views: Views) -> None:
    author, *tweets = several(41)
    deleted = set(tweets[5:35])
    await views.apply([put_tweet(tweet, author, at) for at, tweet in enumerate(tweets, 1)], {})
    await views.apply([fx.DeleteTweet(tweet, author, 99) for tweet in deleted], {})
    live = [tweet for tweet in tweets if tweet not in deleted]
    for span, ids in (
        (Span(8), live[:-9:-1]),
        (Span(8, direction=Direction.NEWER), live[:8]),
        (Span(2, below=tweets[36]), [tweets[35], tweets[4]]),
    ):
        assert (await views.tweets_of([author], span))[author].tolist() == ids


async def test_progress_and_floors_never_fall(views: Views) -> None:
    user = fresh()
    for offset, reached in ((3, 3), (1 << 39, 1 << 39), (4, 1 << 39), (0, 1 << 39)):
        await views.apply([fx.RaiseFloor(array(user), offset)], {101: offset, 102: 0})
        assert await views.floor(user) == reached
        progress = await views.progress()
        assert (progress[101], progress[102], 103 in progress) == (reached, 0, False)


async def test_a_trim_takes_what_is_below_the_floor_and_nothing_else(views: Views) -> None:
    user, other, author, *tweets = several(13)
    await views.apply([fx.Deliver(author, array(*tweets), array(user, other), 1)], {})
    trim: list[fx.Effect] = [fx.RaiseFloor(array(user), tweets[6]), fx.TrimBelow(user, tweets[6])]
    for _ in range(2):
        await views.apply(trim, {})
        assert (await views.timeline(user, Span(20))).tweets.tolist() == tweets[:5:-1]
        assert (await views.timeline(other, Span(20))).tweets.tolist() == tweets[::-1]


async def test_many_rows_to_many_and_back(views: Views) -> None:
    author, *ids = several(301)
    tweets, users = array(*ids[:100]), array(*ids[100:])
    await views.apply([fx.Deliver(author, tweets, users, 1)], {})
    gone = fx.Retract(author, tweets[50:], users[:100], 2)
    await views.apply([gone, fx.Deliver(author, tweets[:1], users[:1], 3)], {})
    for user, left in ((ids[100], 50), (ids[199], 50), (ids[200], 100), (ids[299], 100)):
        assert (await views.timeline(user, Span(200))).tweets.tolist() == ids[:left][::-1]


async def test_several_workers_may_write_the_same_at_once(views: Views) -> None:
    author, *ids = several(31)
    tweets, users = ids[:10], ids[10:]
    effects: list[fx.Effect] = [
        put_account(author, 1),
        *(put_tweet(tweet, author, at) for at, tweet in enumerate(tweets, 2)),
        *(fx.PutEdge(user, author, 20) for user in users),
        fx.Deliver(author, array(*tweets), array(*users), 21),
        fx.Retract(author, array(*tweets[:3]), array(*users), 22),
        fx.SetCounts(author, 20, 10, 21),
    ]
    await asyncio.gather(*(views.apply(effects[at:] + effects[:at], {104: 9}) for at in range(5)))
    assert (await views.accounts([author]))[author].tweets_count == 10
    assert (await views.followers(author, 0, 50)).tolist() == users
    for user in users:
        assert (await views.timeline(user, Span(50))).tweets.tolist() == tweets[:2:-1]
    assert (await views.progress())[104] == 9


async def test_rows_are_there_before_flags_and_flags_before_progress(views: Views) -> None:
    author, tweet, *users = several(2_002)
    last = users[-1]
    effects: list[fx.Effect] = [
        fx.SetCelebrity(author, True, 1),
        fx.Deliver(author, array(tweet), array(*users), 1),
        *(fx.PutEdge(user, author, 1) for user in users),
    ]
    writing = asyncio.create_task(views.apply(effects, {105: 1}))
    done = False
    while not done:
        done = writing.done()
        progress = 105 in await views.progress()
        flag = author in (await views.celebrities()).tolist()
        rows = [
            (await views.timeline(user, Span(1))).tweets.size for user in (users[0], users[9], last)
        ]
        edge = (await views.following_among([last], author)).size > 0
        assert flag or not progress
        assert (edge and all(rows)) or not flag
    await writing
    assert progress
