"""The parts of a rebuild that run as processes of their own, each with adapters of its own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from foldline.generation import Build
from foldline.profiles import PROFILES
from foldline.settings import Settings
from foldline.views.port import Views
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
        async with _views(settings, build) as views:
            replay = Replay(log, views, settings, build, Folder.of(settings, build.number))
            for partition in partitions:
                await replay.run(partition)
    finally:
        await log.close()


async def _fill(settings: Settings, build: Build, share: int, shares: int) -> None:
    own = folding(settings, build.generation)
    async with _views(own, build) as views:
        folder = Folder.of(settings, build.number)
        await Filling(views, own, folder, own.cap, shares).run(share)


@asynccontextmanager
async def _views(settings: Settings, build: Build) -> AsyncIterator[Views]:
    views = await PROFILES[settings.profile].views(settings, build.generation)
    try:
        yield views
    finally:
        await views.close()
