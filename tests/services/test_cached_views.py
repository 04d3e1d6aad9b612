"""What may be served from a cache, and what must not: the races, each step of them held by hand."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from foldline.cache.local import LocalCache
from foldline.cache.redis import open_redis_cache
from foldline.clock import SystemClock
from foldline.core import events as ev
from foldline.core.span import Span
from foldline.errors import ViewsUnavailableError
from foldline.views.port import Tweet
from foldline.web.freshness import ProgressWatch
from infra.engine import Endpoints
from tests.conftest import WorldSettings
from tests.contracts.ids import fresh, several
from tests.services.tail import Tail, tail_of

ANN, BOB = several(2)


@pytest.fixture
async def tail(world_settings: WorldSettings) -> AsyncIterator[Tail]:
    async with tail_of(world_settings("embedded", partitions=4, demote_below=0)) as made:
        await made.happened(ev.AccountCreated(ANN, "ann"), ev.AccountCreated(BOB, "bob"))
        yield made


async def posted(tail: Tail, author: int = ANN) -> int:
    tweet = fresh()
    await tail.happened(ev.TweetPosted(author, tweet, "text"))
    return tweet


def body(tweet: int, deleted: bool = False) -> dict[int, Tweet]:
    return {tweet: Tweet(tweet, ANN, "text", (tweet >> 22) + 1_704_067_200_000, None, deleted)}


async def kept() -> None:
    """Wait until all that was read is kept."""
    if under_way := [t for t in asyncio.all_tasks() if t.get_name() == "read-through"]:
        await asyncio.wait(under_way)


async def test_a_second_read_asks_neither_the_store_nor_the_shared_cache(tail: Tail) -> None:
    tweet, one = await posted(tail), await tail.process()
    assert await one.cached.tweets([tweet]) == body(tweet)
    await one.cached.close()  # the shared cache is empty then
    assert await one.cached.tweets([tweet]) == body(tweet)
    assert one.views.calls["tweets"] == 1


async def test_another_process_asks_the_shared_cache_instead_of_the_store(tail: Tail) -> None:
    cache = LocalCache(1 << 20)
    tweet, one, other = await posted(tail), await tail.process(cache), await tail.process(cache)
    assert await one.cached.tweets([tweet]) == body(tweet)
    await kept()
    assert await other.cached.tweets([tweet]) == body(tweet)
    assert other.views.calls["tweets"] == 0


async def test_what_is_not_there_is_asked_for_again(tail: Tail) -> None:
    one, nothing = await tail.process(), fresh()
    for asked in (1, 2):
        assert await one.cached.tweets([nothing]) == {}
        assert await one.cached.accounts([nothing]) == {}
        assert one.views.calls == {"tweets": asked, "accounts": asked}


async def test_concurrent_misses_of_one_key_are_one_read(tail: Tail) -> None:
    tweet, other, one = await posted(tail), await posted(tail), await tail.process()
    one.views.hold("tweets")
    first = [asyncio.create_task(one.cached.tweets([tweet])) for _ in range(10)]
    await one.views.held("tweets")
    both = asyncio.create_task(one.cached.tweets([tweet, other]))
    await asyncio.sleep(0)
    one.views.let_go("tweets")
    assert [await each for each in first] == [body(tweet)] * 10
    assert await both == body(tweet) | body(other)
    assert one.views.calls["tweets"] == 2


async def test_who_joined_a_read_gets_it_though_the_first_gave_up(tail: Tail) -> None:
    tweet, one = await posted(tail), await tail.process()
    one.views.hold("tweets")
    first = asyncio.create_task(one.cached.tweets([tweet]))
    await one.views.held("tweets")
    second = asyncio.create_task(one.cached.tweets([tweet]))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    one.views.let_go("tweets")
    assert await second == body(tweet)
    assert first.cancelled()


async def test_a_store_that_fails_is_said_to_all_who_wait_and_asked_again(tail: Tail) -> None:
    tweet, one = await posted(tail), await tail.process()
    await one.views.close()
    for _ in range(2):
        said = await asyncio.gather(
            *(one.cached.tweets([tweet]) for _ in range(3)), return_exceptions=True
        )
        assert [type(each) for each in said] == [ViewsUnavailableError] * 3


async def test_what_was_read_before_a_drop_is_not_kept_after_it(tail: Tail) -> None:
    cache = LocalCache(1 << 20)
    tweet, one = await posted(tail), await tail.process(cache)
    one.views.hold("tweets")
    early = asyncio.create_task(one.cached.tweets([tweet]))
    await one.views.held("tweets")
    await tail.happened(ev.TweetDeleted(ANN, tweet))
    await one.hears()
    late = asyncio.create_task(one.cached.tweets([tweet]))
    await asyncio.sleep(0)
    one.views.let_go("tweets")
    assert await early == body(tweet)  # it began before
    assert await late == body(tweet, deleted=True)
    assert await one.cached.tweets([tweet]) == body(tweet, deleted=True)
    other = await tail.process(cache)
    assert await other.cached.tweets([tweet]) == body(tweet, deleted=True)


@pytest.mark.engines
async def test_what_a_lagging_process_read_is_kept_from_the_others(
    tail: Tail, endpoints: Endpoints
) -> None:
    """It reads, then another one hears of the deletion, then it keeps what it read: and only after
    that it hears of the deletion itself."""
    settings = tail.settings.model_copy(update={"redis_url": endpoints.redis_url})
    caches = [await open_redis_cache(settings, tail.settings.keyspace) for _ in range(2)]
    tweet = await posted(tail)
    laggard, other = [await tail.process(cache) for cache in caches]
    await other.cached.tweets([fresh()])  # its session has begun
    laggard.views.hold("tweets")
    early = asyncio.create_task(laggard.cached.tweets([tweet]))
    await laggard.views.held("tweets")
    await laggard.bus.stop()
    await tail.happened(ev.TweetDeleted(ANN, tweet))
    await other.hears()
    laggard.views.let_go("tweets")
    assert await early == body(tweet)
    await kept()
    assert await other.cached.tweets([tweet]) == body(tweet, deleted=True)


async def test_who_waited_for_an_event_reads_it_at_once(tail: Tail) -> None:
    one = await tail.process()
    watch = ProgressWatch(one.bus, SystemClock())
    await one.cached.accounts([ANN])
    for number in range(30):
        (at,) = await tail.append(ev.AccountUpdated(ANN, f"name {number}"))
        waiting = asyncio.create_task(watch.passed([at], wait_s=20))
        await tail.fold()
        assert await waiting
        assert (await one.cached.accounts([ANN]))[ANN].display_name == f"name {number}"


async def test_identical_reads_of_a_timeline_share_one(tail: Tail) -> None:
    one = await tail.process()
    one.views.hold("timeline")
    reads = [asyncio.create_task(one.cached.timeline(ANN, Span(5))) for _ in range(5)]
    other = asyncio.create_task(one.cached.timeline(ANN, Span(6)))
    await one.views.held("timeline")
    await asyncio.sleep(0)
    one.views.let_go("timeline")
    assert {id(await each) for each in reads} == {id(await reads[0])}
    await other
    await one.cached.timeline(ANN, Span(5))
    assert one.views.calls["timeline"] == 3


async def test_a_read_of_a_timeline_joins_none_from_before_what_was_heard(tail: Tail) -> None:
    one = await tail.process()
    await tail.happened(ev.UserFollowed(BOB, ANN))
    await one.hears()
    one.views.hold("timeline")
    early = asyncio.create_task(one.cached.timeline(BOB, Span(5)))
    await one.views.held("timeline")
    tweet = await posted(tail)
    await one.hears()
    late = asyncio.create_task(one.cached.timeline(BOB, Span(5)))
    await asyncio.sleep(0)
    one.views.let_go("timeline")
    assert (await early).tweets.tolist() == []
    assert (await late).tweets.tolist() == [tweet]


async def test_a_celebritys_newest_page_is_read_once_and_others_are_not_kept(tail: Tail) -> None:
    await tail.happened(ev.AuthorPromoted(ANN, 0))
    hers, his, one = await posted(tail), await posted(tail, BOB), await tail.process()
    await one.cached.celebrities()
    for _ in range(3):
        pages = await one.cached.tweets_of([ANN, BOB], Span(5))
        assert {a: page.tolist() for a, page in pages.items()} == {ANN: [hers], BOB: [his]}
    assert one.views.calls["tweets_of"] == 1 + 3
    newer = await posted(tail)
    await one.hears()
    assert (await one.cached.tweets_of([ANN], Span(5)))[ANN].tolist() == [newer, hers]
    below = Span(5, below=newer)
    assert (await one.cached.tweets_of([ANN], below))[ANN].tolist() == [hers]


async def test_a_deleted_account_is_in_no_kept_following_set(tail: Tail) -> None:
    cache = LocalCache(1 << 20)
    one, other = await tail.process(cache), await tail.process(cache)
    await tail.happened(ev.UserFollowed(BOB, ANN))
    for each in (one, other):
        await each.hears()
        assert (await each.cached.following(BOB)).tolist() == [ANN]
    await tail.happened(ev.AccountDeleted(ANN))
    for each in (one, other):
        await each.hears()
        assert (await each.cached.following(BOB)).tolist() == []
    assert one.views.calls["following"] == 1


async def test_what_is_shared_by_callers_can_be_changed_by_none(tail: Tail) -> None:
    one = await tail.process()
    await tail.happened(ev.UserFollowed(BOB, ANN), ev.UserBlocked(BOB, ANN))
    await one.hears()
    restrictions = await one.cached.restrictions(BOB)
    shared = [await one.cached.following(BOB), restrictions.blocks, restrictions.mutes]
    for ids in shared:
        with pytest.raises(ValueError, match="read-only"):
            ids.sort()
