"""The parts of a rebuild that run as processes of their own, each with adapters of its own."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from foldline.garbage import collect_seldom
from foldline.generation import Build
from foldline.processes import Processes
from foldline.profiles import PROFILES, views_of
from foldline.settings import Settings
from streams.instance import folding
from streams.rebuild.filling import Filling
from streams.rebuild.notes import Folder
from streams.rebuild.replay import Replay


def replay(settings: Settings, build: Build, partitions: Sequence[int]) -> None:
    """Fold these partitions, one after another."""
    asyncio.run(_replay(settings, build, partitions))


def fill(settings: Settings, build: Build, share: int, shares: int) -> None:
    """Fill the timelines of one share of the users."""
    asyncio.run(_fill(settings, build, share, shares))


async def _replay(settings: Settings, build: Build, partitions: Sequence[int]) -> None:
    log = await PROFILES[settings.profile].log(settings)
    try:
        async with views_of(settings, build.generation) as views:
            replay = Replay(log, views, settings, build, Folder.of(settings, build.number))
            for partition in partitions:
                await replay.run(partition)
    finally:
        await log.close()


async def _fill(settings: Settings, build: Build, share: int, shares: int) -> None:
    own = folding(settings, build.generation)
    async with views_of(own, build.generation) as views:
        folder = Folder.of(settings, build.number)
        await Filling(views, own, folder, own.cap, shares).run(share)


_NICE: Final = 10

InParallel = Callable[[Callable[..., None], Sequence[tuple[object, ...]]], Awaitable[None]]
"""Runs a part for each of these arguments, each in a process of its own."""


@asynccontextmanager
async def in_parallel(processes: int) -> AsyncIterator[InParallel]:
    """So many processes, for as long as the block lasts: what then still runs is cut off."""
    group = Processes(processes, _stand_back)

    async def run(part: Callable[..., None], work: Sequence[tuple[object, ...]]) -> None:
        await asyncio.gather(*(group.run(part, *arguments) for arguments in work))

    try:
        yield run
    finally:
        await group.close()


def _stand_back() -> None:
    """Who serves goes first."""
    os.nice(_NICE)
    collect_seldom()
