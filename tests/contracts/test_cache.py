"""What every shared cache promises: `foldline.cache.port`, sentence by sentence."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from foldline.cache.port import Cache
from foldline.profiles import PROFILES
from foldline.settings import Settings
from tests.contracts.ids import fresh

TTL_S = 600.0
VALUES = (b"", b"plain", b"=", b"?" * 40, b"\x00\xff\r\n" * 300)


@pytest.fixture
async def cache(settings: Settings) -> AsyncIterator[Cache]:
    opened = await PROFILES[settings.profile].cache(settings, f"{settings.keyspace}:g1")
    yield opened
    await opened.close()


def names(count: int) -> list[str]:
    """Keys that no other test uses."""
    return [f"k{fresh()}" for _ in range(count)]


async def lease_of(cache: Cache, keys: Sequence[str]) -> bytes:
    """The right to keep values under keys that have none."""
    found = await cache.get_many(keys)
    assert found.values == {}
    assert found.lease is not None
    return found.lease


async def keep(cache: Cache, *keys: str, value: bytes = b"value", ttl_s: float = TTL_S) -> None:
    await cache.set_many(dict.fromkeys(keys, value), await lease_of(cache, keys), ttl_s)


async def kept(cache: Cache, *keys: str) -> dict[str, bytes]:
    return (await cache.get_many(keys)).values


async def test_what_is_kept_is_given_as_it_was(cache: Cache) -> None:
    values = dict(zip(names(len(VALUES)), VALUES, strict=True))
    (missing,) = names(1)
    await cache.set_many(values, await lease_of(cache, list(values)), TTL_S)
    assert await kept(cache, *values, missing) == values
    assert await kept(cache) == {}


async def test_only_what_was_missed_is_kept(cache: Cache) -> None:
    one, other, never = names(3)
    await keep(cache, one, value=b"first")
    lease = (await cache.get_many([one, other])).lease
    assert lease is not None
    await cache.set_many(dict.fromkeys((one, other, never), b"second"), lease, TTL_S)
    assert await kept(cache, one, other, never) == {one: b"first", other: b"second"}


async def test_of_two_leases_the_first_holds(cache: Cache) -> None:
    (key,) = names(1)
    first, second = await lease_of(cache, [key]), await lease_of(cache, [key])
    await cache.set_many({key: b"second"}, second, TTL_S)
    await cache.set_many({key: b"first"}, first, TTL_S)
    assert await kept(cache, key) == {key: b"first"}


async def test_what_is_dropped_is_gone(cache: Cache) -> None:
    one, other = names(2)
    await keep(cache, one, other)
    await cache.drop_many([one])
    assert await kept(cache, one, other) == {other: b"value"}
    await cache.drop_many([])
    await cache.drop_many([one, *names(1)])


async def test_a_drop_ends_the_leases_of_its_keys(cache: Cache) -> None:
    one, other = names(2)
    lease = await lease_of(cache, [one, other])
    await cache.drop_many([one])
    await cache.set_many({one: b"old", other: b"value"}, lease, TTL_S)
    assert await kept(cache, one, other) == {other: b"value"}


async def test_a_lease_from_after_the_drop_holds(cache: Cache) -> None:
    (key,) = names(1)
    old = await lease_of(cache, [key])
    await cache.drop_many([key])
    new = await lease_of(cache, [key])
    await cache.set_many({key: b"old"}, old, TTL_S)
    await cache.set_many({key: b"new"}, new, TTL_S)
    assert await kept(cache, key) == {key: b"new"}


async def test_what_was_kept_or_leased_is_forgotten(cache: Cache) -> None:
    one, other = names(2)
    await keep(cache, one)
    lease = await lease_of(cache, [other])
    cache.forget()
    await cache.set_many({other: b"old"}, lease, TTL_S)
    again = await lease_of(cache, [one, other])
    await cache.set_many({one: b"new"}, again, TTL_S)
    assert await kept(cache, one, other) == {one: b"new"}


async def test_nothing_outlives_its_time(cache: Cache) -> None:
    short, long = names(2)
    await keep(cache, short, ttl_s=0.05)
    await keep(cache, long)
    async with asyncio.timeout(5):
        while short in await kept(cache, short, long):
            await asyncio.sleep(0.01)
    assert await kept(cache, long) == {long: b"value"}


async def test_there_may_be_more_keys_than_one_call_takes(cache: Cache) -> None:
    keys = names(2_500)
    found = await cache.get_many(keys)
    assert found.lease is not None
    await cache.set_many(dict.fromkeys(keys, b"value"), found.lease, TTL_S)
    some = await kept(cache, *keys)
    assert len(some) >= 1_000
    await cache.drop_many(keys)
    assert await kept(cache, *some) == {}


async def test_a_closed_cache_has_nothing_and_says_nothing(cache: Cache) -> None:
    (key,) = names(1)
    await keep(cache, key)
    await cache.close()
    await cache.close()
    cache.forget()
    assert await kept(cache, key) == {}
