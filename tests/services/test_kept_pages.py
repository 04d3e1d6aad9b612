"""A page that is kept is served while nothing in it has changed, and never after."""

import asyncio
from random import Random
from typing import Any

import orjson
import pytest

from app.compose import reads_of
from foldline.caching.kept import Kept
from foldline.caching.keys import Kind
from foldline.caching.opening import Cached
from foldline.clock import SystemClock
from foldline.core import events as ev
from foldline.errors import NotFoundError
from foldline.telemetry import CACHE_READS
from foldline.web.call import Call
from foldline.web.schemas import TimelineQuery
from query.reads import Reads
from query.tweets import home_timeline
from tests.conftest import WorldSettings
from tests.contracts.ids import fresh, several
from tests.core.worlds import World, random_world
from tests.services.tail import Process, Tail, tail_of
from tests.services.test_cached_views_equal import history_of, settings_of

SEEDS = range(8)
STEP = 3  # events between two comparisons
LIMITS = (3, 20)


def with_caches(process: Process, tail: Tail) -> Reads:
    return reads_of(Cached(process.cached, process.bus, process.bus), tail.settings, SystemClock())


def without(tail: Tail) -> Reads:
    settings = tail.settings.model_copy(update={"celebrity_cache_s": 0.0})
    return reads_of(Cached(tail.views, tail.views), settings, SystemClock())


async def page(reads: Reads, user: int, limit: int = 20) -> Any:
    """The newest page, but for its cursors, which tell the time."""
    call: Call[None, TimelineQuery] = Call(user, {}, None, TimelineQuery(limit=limit), [])
    try:
        answer = await home_timeline(reads, call)
    except NotFoundError:
        return None
    assert isinstance(answer.body, bytes)
    body = orjson.loads(answer.body)
    return body["tweets"], body["next_cursor"] is None


async def pages(reads: Reads, world: World) -> list[Any]:
    users = range(1, world.users + 2)
    return [await page(reads, user, limit) for user in users for limit in LIMITS]


def hits(kind: str) -> float:
    return float(CACHE_READS.labels(kind, "memory", "hit")._value.get())


async def shown(reads: Reads, user: int, limit: int = 20) -> list[int]:
    tweets, _ = await page(reads, user, limit)
    return [int(tweet["tweet_id"]) for tweet in tweets]


@pytest.mark.parametrize("seed", SEEDS)
async def test_whatever_happens_a_page_is_what_it_would_be_without_caches(
    world_settings: WorldSettings, seed: int
) -> None:
    before, rng = [hits(kind) for kind in ("page", "home")], Random(seed)
    world = random_world(rng)
    events = history_of(world, rng)
    async with tail_of(settings_of(world_settings, celebrity_cache_s=0.0)) as tail:
        process = await tail.process()
        cached, bare = with_caches(process, tail), without(tail)
        for number in range(0, len(events), STEP):
            await tail.append(*events[number : number + STEP])
            reading = asyncio.create_task(pages(cached, world))
            await asyncio.sleep(rng.choice((0, 0.001, 0.01)))
            await tail.fold()
            await reading
            await process.hears()
            wanted = await pages(bare, world)
            for _ in range(2):
                assert await pages(cached, world) == wanted
    assert hits("page") > before[0]
    assert hits("home") > before[1]


async def test_what_changes_while_a_page_is_assembled_is_on_the_next_one(
    world_settings: WorldSettings,
) -> None:
    ann, bob = several(2)
    async with tail_of(settings_of(world_settings)) as tail:
        await tail.happened(ev.AccountCreated(ann, "ann"), ev.AccountCreated(bob, "bob"))
        await tail.happened(ev.UserFollowed(ann, bob))
        process = await tail.process()
        reads = with_caches(process, tail)
        process.views.hold("timeline")
        reading = asyncio.create_task(shown(reads, ann))
        await process.views.held("timeline")
        await tail.happened(ev.TweetPosted(bob, tweet := fresh(), "meanwhile"))
        await process.hears()
        process.views.let_go("timeline")
        assert await reading == []
        assert await shown(reads, ann) == [tweet]


async def test_a_page_is_assembled_once_and_then_asks_nobody(world_settings: WorldSettings) -> None:
    (ann,) = several(1)
    async with tail_of(settings_of(world_settings)) as tail:
        await tail.happened(ev.AccountCreated(ann, "ann"))
        await tail.happened(ev.TweetPosted(ann, tweet := fresh(), "own"))
        process = await tail.process()
        reads = with_caches(process, tail)
        for _ in range(5):
            assert await shown(reads, ann) == [tweet]
        assert process.views.calls["timeline"] == 1


async def test_what_the_followed_post_goes_before_the_others_unasked(
    world_settings: WorldSettings,
) -> None:
    ann, bob, cyd = several(3)
    async with tail_of(settings_of(world_settings)) as tail:
        await tail.happened(*(ev.AccountCreated(each, f"u{each}") for each in (ann, bob, cyd)))
        await tail.happened(ev.UserFollowed(ann, bob), ev.UserFollowed(ann, cyd))
        process = await tail.process()
        reads = with_caches(process, tail)
        assert await shown(reads, ann) == []
        newest: list[int] = []
        for number in range(40):  # more than is remembered of one author, seen one by one
            author = (bob, cyd)[number % 2]
            await tail.happened(ev.TweetPosted(author, tweet := fresh(), f"{number}"))
            await process.hears()
            newest.insert(0, tweet)
            assert await shown(reads, ann) == newest[:20]
            if number < 19:
                assert process.views.calls["timeline"] == 1
        assert await shown(reads, ann, limit=100) == newest
        for number in range(40):  # and unseen
            await tail.happened(ev.TweetPosted(bob, tweet := fresh(), f"{number}"))
            newest.insert(0, tweet)
        await process.hears()
        assert await shown(reads, ann, limit=100) == newest


async def test_who_is_deleted_has_no_page_any_more(world_settings: WorldSettings) -> None:
    (ann,) = several(1)
    async with tail_of(settings_of(world_settings)) as tail:
        await tail.happened(ev.AccountCreated(ann, "ann"))
        process = await tail.process()
        reads = with_caches(process, tail)
        assert await shown(reads, ann) == []
        await tail.happened(ev.AccountDeleted(ann))
        await process.hears()
        assert await page(reads, ann) is None


async def test_where_the_bus_is_silent_nothing_kept_is_served(
    world_settings: WorldSettings,
) -> None:
    (ann,) = several(1)
    async with tail_of(settings_of(world_settings, cache_stale_s=0.3)) as tail:
        await tail.happened(ev.AccountCreated(ann, "ann"))
        process = await tail.process()
        reads = with_caches(process, tail)
        assert await shown(reads, ann) == []
        await process.bus.stop()
        await tail.happened(ev.TweetPosted(ann, tweet := fresh(), "unheard"))
        await asyncio.sleep(0.4)
        assert await shown(reads, ann) == [tweet]


async def test_what_the_viewer_alone_does_changes_the_page(world_settings: WorldSettings) -> None:
    ann, bob = several(2)
    async with tail_of(settings_of(world_settings)) as tail:
        await tail.happened(ev.AccountCreated(ann, "ann"), ev.AccountCreated(bob, "bob"))
        await tail.happened(ev.UserFollowed(ann, bob))
        await tail.happened(ev.TweetPosted(bob, tweet := fresh(), "of bob"))
        process = await tail.process()
        reads = with_caches(process, tail)
        steps: list[tuple[ev.Event, dict[str, Any] | None]] = [
            (ev.UserMuted(ann, bob), None),
            (ev.UserUnmuted(ann, bob), {"liked": False}),
            (ev.TweetLiked(bob, tweet, ann), {"liked": True, "likes_count": 1}),
            (ev.TweetUnliked(bob, tweet, ann), {"liked": False, "likes_count": 0}),
            (ev.UserUnfollowed(ann, bob), None),
        ]
        for event, wanted in steps:
            await page(reads, ann)
            await tail.happened(event)
            await process.hears()
            tweets, _ = await page(reads, ann)
            assert [wanted for each in tweets if each | (wanted or {}) == each] == (
                [] if wanted is None else [wanted]
            ), event


async def test_when_the_bus_begins_anew_nothing_that_was_kept_is_served(
    world_settings: WorldSettings,
) -> None:
    async with tail_of(settings_of(world_settings)) as tail:
        process = await tail.process()
        kept = Kept("page", process.bus, most_bytes=10_000)
        with kept.assembling() as made_of:
            made_of.add(Kind.TWEET, (1,))
        kept.keep((1,), b"x", made_of)
        assert kept.get((1,)) == b"x"
        process.bus._empty()
        assert kept.get((1,)) is None


async def test_what_is_kept_is_bounded(world_settings: WorldSettings) -> None:
    async with tail_of(settings_of(world_settings)) as tail:
        process = await tail.process()
        kept = Kept("page", process.bus, most_bytes=10_000)
        for user in range(20):
            with kept.assembling() as made_of:
                pass
            kept.keep((user, 20), b"x" * 2_000, made_of)
        assert [user for user in range(20) if kept.get((user, 20))] == [16, 17, 18, 19]
        with kept.assembling() as made_of:
            kept.keep((1, 20), b"x" * 20_000, made_of)
        assert kept.get((1, 20)) is None
