"""A rebuild that is killed, at each of its steps and at any moment, is gone on with by the next, or
by a host of projectors."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random
from typing import Final

import pytest

from app.resuming import resuming
from foldline.generation import Build, Stage
from streams.rebuild.builds import Shape, begin, build_of
from streams.rebuild.job import LEASE, is_gone
from tests.conftest import PROFILE_PARAMS, WorldSettings
from tests.faults.processes import FOLDLINE, environment, run
from tests.rebuild.world import RebuiltWorld, reed, world_of

KILLS: Final = {"embedded": 50, "distributed": 2}
MAX_S: Final = {"embedded": 2.5, "distributed": 8.0}
LOOKED: Final = "test"
_POLL_S: Final = 0.01


@pytest.fixture(params=PROFILE_PARAMS)
async def empty(
    request: pytest.FixtureRequest, world_settings: WorldSettings
) -> AsyncIterator[RebuiltWorld]:
    shape = {"partitions": 4, "cap": 50, "buckets": 16, "rows_per_part": 20_000}
    shape["migration_lease_s"] = 20  # who was killed as it made tables is waited for so long
    async with world_of(world_settings(request.param, **shape)) as made:
        yield made


@pytest.fixture
async def world(empty: RebuiltWorld) -> RebuiltWorld:
    await empty.append(reed(7))
    return empty


@pytest.fixture
async def small_world(empty: RebuiltWorld) -> RebuiltWorld:
    await empty.append(reed(7, people=200, tweets=1_000))
    return empty


def parts_below(process: int) -> list[int]:
    """The processes of rebuilds' parts below this one, the newest first."""
    below = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    parts: list[int] = []
    for child in map(int, below):
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
            parts.append(child)
        parts += parts_below(child)
    return sorted(parts, reverse=True)


class Killing:
    """Starts `foldline rebuild start` in the world, and kills it."""

    def __init__(self, world: RebuiltWorld) -> None:
        settings = world.settings
        self._world = world
        self._numbers = {name: getattr(settings, name) for name in settings.model_fields_set}
        self.kills = 0

    async def until(self, reached: Callable[[Build | None], bool]) -> None:
        """Kill it, and all below it, as soon as the build has come there."""
        process = await self._start()
        while not reached(await self.build()):
            assert process.returncode is None, f"it ended with {process.returncode}"
            await asyncio.sleep(_POLL_S)
        await self._kill(process, everything=True)

    async def at_random(self, rng: Random, max_s: float) -> bool:
        """Kill it after a while, alone or with all below it; False if it ended before."""
        process = await self._start()
        try:
            async with asyncio.timeout(rng.uniform(0.3, max_s)):
                await process.wait()
        except TimeoutError:
            await self._kill(process, everything=rng.random() < 0.5)
            return True
        assert process.returncode == 0
        return False

    async def a_part(self) -> str:
        """Kill a process that works on a part of it; what the command then says at its end."""
        running = asyncio.create_task(run("rebuild", "start", numbers=self._numbers))
        while not (parts := parts_below(os.getpid())):
            assert not running.done(), running.result()
            await asyncio.sleep(_POLL_S)
        os.kill(parts[0], signal.SIGKILL)
        code, out, err = await running
        assert code == 1, out + err
        return err

    async def to_the_end(self) -> None:
        code, out, err = await run("rebuild", "start", numbers=self._numbers)
        assert code == 0, out + err

    async def drop(self, number: int) -> None:
        code, out, err = await run("rebuild", "drop", str(number), numbers=self._numbers)
        assert code == 0, out + err

    async def build(self) -> Build | None:
        builds = await self._world.profile.control.builds()
        return builds[-1] if builds else None

    async def _start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(*FOLDLINE, "rebuild", "start"),
            env=environment(self._numbers),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )

    async def _kill(self, process: asyncio.subprocess.Process, *, everything: bool) -> None:
        if everything:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        await process.wait()
        self.kills += 1


async def is_right(world: RebuiltWorld, build: Build | None) -> None:
    assert build is not None and build.stage is Stage.FOLLOWING
    async with world.views(build.generation) as views:
        assert await world.wrong_in(views) == []


async def test_it_is_gone_on_with_from_every_step(world: RebuiltWorld) -> None:
    killing = Killing(world)
    await killing.until(lambda build: build is not None)
    await killing.until(lambda build: build is not None and build.stage is Stage.FILLING)
    await killing.until(lambda build: build is not None and build.stage is Stage.CATCHING_UP)
    await killing.to_the_end()
    await is_right(world, await killing.build())
    assert len(await world.profile.control.builds()) == 1


async def test_one_that_was_cut_off_as_it_was_noted_is_gone_on_with(world: RebuiltWorld) -> None:
    control = world.profile.control
    build = await begin(world.profile, Shape(), now_ms=0)
    await control.forget_generation(build.number)  # as between the two writes
    killing = Killing(world)
    await killing.to_the_end()
    await is_right(world, await killing.build())
    assert build.number in [generation.number for generation in await control.generations()]


async def test_a_part_that_is_killed_ends_it_and_the_next_goes_on(world: RebuiltWorld) -> None:
    killing = Killing(world)
    assert "was ended: try again" in await killing.a_part()
    await killing.to_the_end()
    await is_right(world, await killing.build())


async def test_a_host_of_projectors_goes_on_with_it(small_world: RebuiltWorld) -> None:
    """Also when the process is killed in which it does."""
    killing, control = Killing(small_world), small_world.profile.control
    await killing.until(lambda build: build is not None)
    async with resuming(small_world.settings, control), asyncio.timeout(120):
        holder = LOOKED
        while is_gone(holder) or not holder.startswith(socket.gethostname()):
            await asyncio.sleep(_POLL_S)
            holder = await control.hold_lease(LEASE, LOOKED, 1)
            await control.give_lease(LEASE, LOOKED)
        os.kill(int(holder.rpartition(":")[2]), signal.SIGKILL)
        while (await build_of(control, 2)).stage is not Stage.FOLLOWING:
            await asyncio.sleep(_POLL_S)
    await is_right(small_world, await killing.build())


@pytest.mark.full
@pytest.mark.timeout(900)
async def test_it_is_gone_on_with_from_any_moment(world: RebuiltWorld) -> None:
    killing, rng = Killing(world), Random(5)
    profile = world.settings.profile
    while killing.kills < KILLS[profile]:
        if not await killing.at_random(rng, MAX_S[profile]):
            build = await killing.build()
            assert build is not None
            await is_right(world, build)
            await killing.drop(build.number)
    await killing.to_the_end()
    await is_right(world, await killing.build())
