"""A rebuild: a generation built from the log beside the one that is served.

It goes through stages (`generation.Stage`), each noted in the control store by one conditional
write, so that nobody builds what another cancelled. A rebuild that was cut off at any moment is
gone on with by whoever rebuilds next, from what the folder and the stage say. One process at a time
holds the lease; the parts of the work are processes below it. Once the new generation has caught
up, it is handed over to the hosts of projectors, which keep it current like the one that is served.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

import structlog

from foldline.clock import Clock
from foldline.errors import ConflictError, UnavailableError
from foldline.generation import Build, Stage
from foldline.profiles import Profile, views_of
from foldline.settings import Settings
from streams.rebuild.builds import Shape, begin, changed, unfinished
from streams.rebuild.catching_up import catch_up, copy_replays
from streams.rebuild.filling import shares_of
from streams.rebuild.notes import AbandonedError, Folder
from streams.rebuild.parts import fill, in_parallel, replay
from streams.rebuild.replay import is_whole

LEASE: Final = "rebuild"
_LOOK_EVERY_S: Final = 1.0
_logger = structlog.get_logger()

Prepare = Callable[[], Awaitable[object]]
"""Makes the tables of all generations that are known; nothing where they are there."""


class Rebuild:
    """One rebuild at a time, on an opened profile."""

    def __init__(
        self, profile: Profile, settings: Settings, clock: Clock, prepare: Prepare
    ) -> None:
        self._profile = profile
        self._control = profile.control
        self._settings = settings
        self._clock = clock
        self._prepare = prepare
        self._holder = f"{socket.gethostname()}:{os.getpid()}"

    async def run(self, shape: Shape, told: Callable[[Build], None]) -> Build:
        """Begin a rebuild, or go on with one that was cut off, until its generation is handed over.
        `told` hears of every stage. Raises `ConflictError` where another process rebuilds, where an
        unfinished one has another shape, and when it is cancelled."""
        await self._take_lease()
        try:
            build = await self._begin(shape)
            told(build)
            return await self._watched(build, told)
        finally:
            with suppress(UnavailableError):
                await self._control.give_lease(LEASE, self._holder)

    async def _take_lease(self) -> None:
        holder = await self._hold()
        if holder != self._holder and is_gone(holder):
            await self._control.give_lease(LEASE, holder)
            holder = await self._hold()
        if holder != self._holder:
            raise ConflictError(
                f"{holder} is rebuilding: wait for it, or end it with `foldline rebuild cancel`"
            )

    async def _hold(self) -> str:
        return await self._control.hold_lease(LEASE, self._holder, self._settings.rebuild_lease_s)

    async def _begin(self, shape: Shape) -> Build:
        found = unfinished(await self._control.builds())
        if found is None:
            return await begin(self._profile, shape, self._clock.now_ms())
        wanted = shape.over(found.number, await self._control.active_generation())
        if wanted != found.generation and shape != Shape():
            raise ConflictError(
                f"the rebuild of generation {found.number} is unfinished and of another shape: "
                "go on with it, or end it with `foldline rebuild cancel`"
            )
        if not await self._control.begin_build(found):  # it may have been cut off in its midst
            raise ConflictError(f"generation {found.number} was changed just now: try again")
        return found

    async def _watched(self, build: Build, told: Callable[[Build], None]) -> Build:
        """Work, and look meanwhile whether one still should, and how fast."""
        folder = Folder.of(self._settings, build.number)
        folder.make()
        folder.take_up()
        working = asyncio.ensure_future(self._work(build, folder, told))
        watching = asyncio.ensure_future(self._watch(build.number, folder))
        try:
            await asyncio.wait([working, watching], return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                folder.abandon()
                await asyncio.wait([working])
                with suppress(AbandonedError):
                    working.result()  # what went wrong with it goes first
                watching.result()
            return await working
        finally:
            watching.cancel()
            working.cancel()

    async def _watch(self, number: int, folder: Folder) -> None:
        """Returns never; raises where the work is to end."""
        while True:
            try:
                if await self._hold() != self._holder:
                    raise ConflictError("another process took this rebuild over")
                (build,) = (b for b in await self._control.builds() if b.number == number)
            except UnavailableError as error:
                _logger.warning("rebuild can't look at its orders", why=str(error))
            else:
                if build.stage is Stage.CANCELLED:
                    raise ConflictError(f"the rebuild of generation {number} was cancelled")
                if build.pace != folder.pace:
                    folder.set_pace(build.pace)
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _work(self, build: Build, folder: Folder, told: Callable[[Build], None]) -> Build:
        async def enter(stage: Stage, **news: object) -> Build:
            entered = await changed(self._control, build.number, stage=stage, **news)
            told(entered)
            return entered

        await self._prepare()
        settings = self._settings
        processes = settings.rebuild_process_count
        lacking = not is_whole(build, folder)
        async with in_parallel(processes) as run:
            if build.stage is Stage.REPLAYING or (build.stage is Stage.FILLING and lacking):
                lots = _shared_out(build.ends, processes)
                await run(replay, [(settings, build, lot) for lot in lots])
                if build.stage is Stage.REPLAYING:
                    build = await enter(Stage.FILLING)
            if build.stage is Stage.FILLING:
                shares = shares_of(settings, build, folder)
                await run(fill, [(settings, build, share, shares) for share in range(shares)])
                build = await enter(Stage.CATCHING_UP)
        async with views_of(settings, build.generation) as views:
            await copy_replays(self._profile.views, views)
            reached = await catch_up(self._profile.log, views, settings, build, folder)
        build = await enter(Stage.FOLLOWING, handed_over=reached)
        folder.remove()
        return build


def _shared_out(sizes: Sequence[int], processes: int) -> list[list[int]]:
    """The partitions, by their sizes, in as many lots as there are processes: the largest first,
    each into the lot with the least so far."""
    lots: list[list[int]] = [[] for _ in range(min(processes, len(sizes)))]
    for partition in sorted(range(len(sizes)), key=lambda p: -sizes[p]):
        min(lots, key=lambda lot: sum(sizes[p] for p in lot)).append(partition)
    return lots


def is_gone(holder: str) -> bool:
    """Whether a process of this machine held the lease and is no more."""
    host, _, pid = holder.rpartition(":")
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # another user's
    return False
