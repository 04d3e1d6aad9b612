"""The cache in a Redis that fails: every call is a quick miss, and nothing stale comes back."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from foldline.cache.port import Cache
from foldline.cache.redis import RedisCache, open_redis_cache
from foldline.settings import Settings
from infra.engine import Engine
from tests.contracts.ids import fresh
from tests.services.redis_server import command, own_redis, url_of

pytestmark = pytest.mark.engines

T = TypeVar("T")
TTL_S = 600.0
TIMEOUT_S = 0.1
QUICK_S = 0.5  # a time-out or two, on a busy machine
PREFIX = "t:g1"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Engine]:
    with own_redis(tmp_path) as running:
        yield running


@pytest.fixture
def redis_settings(server: Engine) -> Settings:
    return Settings(redis_url=url_of(server), redis_timeout_s=TIMEOUT_S)


@pytest.fixture
async def cache(redis_settings: Settings) -> AsyncIterator[Cache]:
    opened = await open_redis_cache(redis_settings, PREFIX)
    yield opened
    await opened.close()


@pytest.fixture
async def other(redis_settings: Settings) -> AsyncIterator[Cache]:
    """Another process's cache in the same Redis."""
    opened = await open_redis_cache(redis_settings, PREFIX)
    yield opened
    await opened.close()


def key() -> str:
    return f"k{fresh()}"


async def keep(cache: Cache, name: str, value: bytes = b"value") -> None:
    lease = (await cache.get_many([name])).lease
    assert lease is not None
    await cache.set_many({name: value}, lease, TTL_S)


async def quick(call: Awaitable[T]) -> T:
    began = time.monotonic()
    answer = await call
    assert time.monotonic() - began < QUICK_S
    return answer


async def recovers(cache: Cache) -> None:
    """A value comes to be kept and given again, before long."""
    async with asyncio.timeout(20):
        while True:
            name = key()
            if (lease := (await cache.get_many([name])).lease) is not None:
                await cache.set_many({name: b"value"}, lease, TTL_S)
                if (await cache.get_many([name])).values:
                    return
            await asyncio.sleep(0.05)


async def all_calls_miss(cache: Cache, name: str) -> None:
    for _ in range(5):
        assert not (await quick(cache.get_many([name]))).values
        await quick(cache.set_many({name: b"value"}, b"no lease", TTL_S))
        await quick(cache.drop_many([name]))


async def test_a_killed_redis_is_a_quick_miss_and_comes_back(server: Engine, cache: Cache) -> None:
    name = key()
    await keep(cache, name)
    server.kill()
    await all_calls_miss(cache, name)
    await quick(asyncio.gather(*(cache.get_many([key()]) for _ in range(200))))
    server.start()
    server.wait_healthy(10)
    await recovers(cache)


async def test_a_mute_redis_is_a_quick_miss_and_then_left_alone(
    server: Engine, cache: Cache
) -> None:
    name = key()
    await keep(cache, name)
    server.pause()
    try:
        await all_calls_miss(cache, name)
        began = time.monotonic()
        for _ in range(100):
            assert not (await cache.get_many([name])).values
        assert time.monotonic() - began < 2 * QUICK_S
    finally:
        server.resume()
    await recovers(cache)


async def test_a_redis_that_never_was_is_a_miss(tmp_path: Path) -> None:
    nowhere = Settings(redis_url="redis://127.0.0.1:1/0", redis_timeout_s=TIMEOUT_S)
    cache = await open_redis_cache(nowhere, PREFIX)
    await all_calls_miss(cache, key())
    await cache.close()


async def test_a_flush_in_mid_run_loses_what_was_kept_and_no_more(
    server: Engine, cache: Cache
) -> None:
    names = [key() for _ in range(20)]
    for name in names:
        await keep(cache, name)
    leased = key()
    lease = (await cache.get_many([leased])).lease
    assert lease is not None
    await command(server, "FLUSHALL")
    assert (await cache.get_many(names)).values == {}
    await cache.set_many({leased: b"late"}, lease, TTL_S)
    assert (await cache.get_many([leased])).values == {}
    await recovers(cache)


async def test_one_process_gives_what_another_kept(cache: Cache, other: Cache) -> None:
    name = key()
    await other.get_many([key()])  # it has begun
    await keep(cache, name)
    assert (await other.get_many([name])).values == {name: b"value"}


async def test_nobody_gives_what_was_kept_before_it_began(cache: Cache, other: Cache) -> None:
    name = key()
    await keep(cache, name, b"nobody dropped it while all were down")
    assert (await other.get_many([name])).values == {}
    assert (await cache.get_many([name])).values == {}  # the lease is the other's now


async def test_what_a_laggard_read_before_a_drop_is_kept_by_nobody(
    cache: Cache, other: Cache
) -> None:
    name = key()
    await other.get_many([key()])
    lease = (await cache.get_many([name])).lease
    assert lease is not None
    await other.drop_many([name])
    await cache.set_many({name: b"old"}, lease, TTL_S)
    assert (await other.get_many([name])).values == {}
    assert (await cache.get_many([name])).values == {}


async def test_after_a_drop_that_failed_nothing_older_is_given(
    server: Engine, cache: Cache, other: Cache
) -> None:
    name, untouched = key(), key()
    await other.get_many([key()])
    await keep(cache, name, b"old")
    await keep(cache, untouched)
    server.pause()
    await quick(cache.drop_many([name]))
    server.resume()
    async with asyncio.timeout(20):
        while (found := await cache.get_many([name, untouched])).lease is None:
            assert found.values == {}
            await asyncio.sleep(0.02)
    assert found.values == {}


async def test_what_a_redis_remembers_from_before_a_drop_is_not_given(
    server: Engine, cache: Cache
) -> None:
    name = key()
    await keep(cache, name, b"old")
    await command(server, "SAVE")
    await cache.drop_many([name])
    server.kill()
    server.start()
    server.wait_healthy(10)
    assert await command(server, "GET", f"{PREFIX}:{name}") is not None
    async with asyncio.timeout(20):
        while (found := await cache.get_many([name])).lease is None:
            assert found.values == {}
            await asyncio.sleep(0.02)
    assert found.values == {}


async def test_where_the_clock_is_lost_nothing_older_is_given(server: Engine, cache: Cache) -> None:
    name = key()
    await keep(cache, name, b"old")
    await command(server, "DEL", f"{PREFIX}:clock")
    assert (await cache.get_many([name])).values == {}
    assert (await cache.get_many([name])).values == {}
    await recovers(cache)


async def test_a_drop_does_not_end_the_session(server: Engine, cache: Cache) -> None:
    name, untouched = key(), key()
    await keep(cache, name)
    await keep(cache, untouched)
    for _ in range(3):
        await cache.drop_many([name])
    assert (await cache.get_many([untouched])).values == {untouched: b"value"}


async def test_connections_are_bounded(server: Engine, redis_settings: Settings) -> None:
    few = redis_settings.model_copy(update={"redis_connections": 3})
    cache = await open_redis_cache(few, PREFIX)
    assert isinstance(cache, RedisCache)
    await asyncio.gather(*(cache.get_many([key()]) for _ in range(100)))
    listed = await command(server, "CLIENT", "LIST")
    assert isinstance(listed, bytes | list)
    clients = listed.splitlines() if isinstance(listed, bytes) else listed
    assert len(clients) <= 3 + 2  # and this test's own
    await cache.close()
