"""With the cache on, only in the process, off, emptied in mid-run or killed in mid-run: everybody
is served the same, page by page."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import WorldSettings
from tests.flow.caches import OwnRedis, own_redis
from tests.flow.life import ROUNDS, SMALL, assert_all_is_served, lived
from tests.flow.worlds import world

Event = Callable[[OwnRedis, int], Awaitable[None]]


async def nothing(_: OwnRedis, turn: int) -> None:
    pass


async def flushed(server: OwnRedis, turn: int) -> None:
    """In every round."""
    await server.flush()


async def killed(server: OwnRedis, turn: int) -> None:
    """In the second round; in the last one it is back, and knows nothing."""
    if turn == 1:
        await server.kill()
    elif turn == ROUNDS - 1:
        await server.start()


MODES: Final[dict[str, tuple[str, Event]]] = {
    "on": ("on", nothing),
    "local": ("local", nothing),
    "off": ("off", nothing),
    "flushed": ("on", flushed),
    "killed": ("on", killed),
}
SHARED: Final = {"on", "flushed", "killed"}


@pytest.mark.full
@pytest.mark.parametrize("mode", ["on", "local", "off"])
async def test_one_process_serves_the_same(
    mode: str, world_settings: WorldSettings, tmp_path: Path
) -> None:
    settings = world_settings("embedded", cache=mode, **SMALL.settings)
    async with world(settings) as running:
        people = await lived(running, SMALL, tmp_path / "graph.json")
        await assert_all_is_served(people)


@pytest.mark.full
@pytest.mark.engines
@pytest.mark.parametrize("mode", MODES)
async def test_several_processes_serve_the_same(
    mode: str, world_settings: WorldSettings, tmp_path: Path
) -> None:
    cache, event = MODES[mode]
    async with own_redis(tmp_path) as server:
        settings = world_settings("distributed", cache=cache, **SMALL.settings).model_copy(
            update={"redis_url": server.url}
        )
        async with world(settings) as running:
            people = await lived(
                running, SMALL, tmp_path / "graph.json", lambda turn: event(server, turn)
            )
            await assert_all_is_served(people)
            assert (await server.keys() > 0) == (mode in SHARED)
