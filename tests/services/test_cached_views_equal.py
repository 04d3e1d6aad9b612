"""With the cache in process, shared, flushed in mid-run, killed in mid-run: equal answers."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from foldline.cache.local import LocalCache
from foldline.cache.port import Cache
from foldline.cache.redis import open_redis_cache
from foldline.core import events as ev
from foldline.core.span import Direction, Span
from foldline.settings import Settings
from foldline.telemetry import CACHE_READS
from foldline.views.port import ServedViews
from infra.engine import Engine
from tests.conftest import WorldSettings
from tests.core.worlds import World, random_world
from tests.services.redis_server import command, own_redis, url_of
from tests.services.tail import Process, Tail, tail_of

SEEDS = range(4)
STEP = 7  # events between two comparisons
SPANS = (Span(5), Span(400), Span(3, above=10), Span(3, direction=Direction.NEWER))
Fault = Callable[[], Awaitable[None]]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Engine]:
    with own_redis(tmp_path) as running:
        yield running


def history_of(world: World, rng: Random) -> list[ev.Event]:
    """What happens in `world`, in the order of each key, and more that its rules leave out."""
    events, left = list[ev.Event](), [list(log) for log in world.logs]
    while any(left):
        events.append(rng.choice([log for log in left if log]).pop(0))
        one, other = rng.sample(range(1, world.users + 1), 2)
        more: list[ev.Event] = [
            ev.AccountUpdated(one, f"name {len(events)}"),
            ev.AccountVerified(one),
            ev.AccountSuspended(one),
            ev.AccountReinstated(one),
            ev.UserMuted(one, other),
            ev.UserUnmuted(one, other),
            ev.AuthorPromoted(one, 0),
            ev.AuthorPromoted(other, 0),
        ]
        if rng.random() < 0.2:
            events.append(rng.choice(more))
    return events


async def answers(views: ServedViews, world: World) -> dict[str, Any]:
    """All that can be read of a world."""
    users, tweets = range(1, world.users + 2), sorted({*world.posts, *world.engaged, 1})
    await views.celebrities()
    told: dict[str, Any] = {
        "accounts": await views.accounts(users),
        "tweets": await views.tweets(tweets),
        "counts": {t: c for t, c in (await views.counts(tweets)).items() if any(plain(c))},
    }
    for user in users:
        told[f"following {user}"] = await views.following(user)
        told[f"restrictions {user}"] = await views.restrictions(user)
        told[f"timeline {user}"] = await views.timeline(user, SPANS[1])
    for span in SPANS:
        told[f"of {span}"] = await views.tweets_of(users, span)
    return {name: plain(value) for name, value in told.items()}


def plain(value: Any) -> Any:
    """What can be compared."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return {key: plain(each) for key, each in sorted(value.items())}
    if hasattr(value, "__slots__"):
        return [plain(getattr(value, name)) for name in value.__slots__]
    return value


async def lives(tail: Tail, readers: list[Process], seed: int, faults: dict[int, Fault]) -> None:
    """A history step by step: everybody reads all the while, and at rest all read the same."""
    rng = Random(seed)
    world = random_world(rng)
    events = history_of(world, rng)
    for number in range(0, len(events), STEP):
        await tail.append(*events[number : number + STEP])
        reading = [asyncio.create_task(answers(each.cached, world)) for each in readers]
        await asyncio.sleep(rng.choice((0, 0.001, 0.01)))
        await tail.fold()
        await asyncio.gather(*reading)
        if fault := faults.get(number // STEP):
            await fault()
        for each in readers:
            await each.hears()
        wanted = await answers(tail.views, world)
        for _ in range(2):
            for each in readers:
                assert await answers(each.cached, world) == wanted


def settings_of(world_settings: WorldSettings, **more: Any) -> Settings:
    """Celebrities are those that events make so."""
    return world_settings("embedded", partitions=4, demote_below=0, **more)


def hits(level: str) -> float:
    kinds = ("tweet", "account", "counts", "following", "restrictions", "newest")
    return float(sum(CACHE_READS.labels(kind, level, "hit")._value.get() for kind in kinds))


@pytest.mark.parametrize("seed", SEEDS)
async def test_in_one_process(world_settings: WorldSettings, seed: int) -> None:
    before = hits("memory")
    async with tail_of(settings_of(world_settings)) as tail:
        await lives(tail, [await tail.process()], seed, {})
    assert hits("memory") > before


@pytest.mark.parametrize("seed", SEEDS)
async def test_with_little_memory_of_its_own(world_settings: WorldSettings, seed: int) -> None:
    """What one reader can't hold, it finds in the shared cache; and so does the other one."""
    before = hits("shared")
    async with tail_of(settings_of(world_settings, cached_bodies=2, cached_sets=1)) as tail:
        cache: Cache = LocalCache(1 << 20)
        await lives(tail, [await tail.process(cache)], seed, {})
    assert hits("shared") > before


async def two_processes(tail: Tail, server: Engine) -> list[Process]:
    settings = tail.settings.model_copy(update={"redis_url": url_of(server)})
    return [await tail.process(await open_redis_cache(settings, "t:g1")) for _ in range(2)]


@pytest.mark.engines
@pytest.mark.parametrize("seed", SEEDS)
async def test_of_two_processes_with_redis(
    world_settings: WorldSettings, server: Engine, seed: int
) -> None:
    before = hits("shared")
    async with tail_of(settings_of(world_settings, cached_bodies=2, cached_sets=1)) as tail:
        await lives(tail, await two_processes(tail, server), seed, {})
    assert hits("shared") > before


@pytest.mark.engines
@pytest.mark.parametrize("seed", SEEDS)
async def test_with_redis_flushed_killed_and_back(
    world_settings: WorldSettings, server: Engine, seed: int
) -> None:
    async def flush() -> None:
        await command(server, "FLUSHALL")

    async def kill() -> None:
        server.kill()

    async def start() -> None:
        server.start()
        server.wait_healthy(10)

    faults: dict[int, Fault] = {1: flush, 2: flush, 3: kill, 4: start, 6: kill, 7: start}
    async with tail_of(settings_of(world_settings, cached_bodies=2, cached_sets=1)) as tail:
        await lives(tail, await two_processes(tail, server), seed, faults)
