"""The parent of a worker process: starts it, watches it from outside, starts it again."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import structlog

from foldline import telemetry
from foldline.clock import Clock, SystemClock
from foldline.control.generations import Generations
from foldline.errors import ConflictError, UnavailableError
from foldline.generation import Generation
from foldline.log.kafka import group_offsets, reset_group
from foldline.log.port import EventLog
from foldline.profiles import PROFILES, Profile, open_profile
from foldline.settings import Settings
from foldline.views.port import FoldedViews, Views
from streams.exits import Exit
from streams.instance import InstanceStatus, folding, group_of
from streams.keeping import Host, Keeping
from streams.stall import StallWatch

_BACKOFF_MIN_S: Final = 0.2
_BACKOFF_MAX_S: Final = 5.0
_HEALTHY_S: Final = 30.0  # a life of this length makes the next restart quick again
_LOOK_EVERY_S: Final = 1.0
_STATUS_FRESH_MS: Final = 10_000
_FINAL: Final = (Exit.STOPPED, Exit.MISCONFIGURED)
_logger = structlog.get_logger()

Beside = Callable[[Generations], AbstractAsyncContextManager[None]]
"""What else a worker machine does for the generations."""


async def supervise(
    settings: Settings, command: Sequence[str], stop: asyncio.Event, beside: Beside
) -> int:
    """Keep a worker running for each generation that is kept, until `stop`; the exit code. What
    starts one is `command`, with the generation's number behind it; `beside` goes on meanwhile.
    Waits for stores and log that do not answer yet. Raises `MisconfiguredError`."""
    while not stop.is_set():
        try:
            profile = await open_profile(settings)
        except UnavailableError as error:
            _logger.warning("supervisor waits", why=str(error))
            await _pause(stop, _BACKOFF_MAX_S)
            continue
        try:
            async with beside(profile.control):
                return await _supervise(settings, command, stop, profile)
        finally:
            await profile.close()
    return Exit.STOPPED


async def _supervise(
    settings: Settings, command: Sequence[str], stop: asyncio.Event, profile: Profile
) -> int:
    over: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def begin(generation: Generation) -> Host:
        own = folding(settings, generation)
        views = await PROFILES[settings.profile].views(own, generation)
        of_generation = [*command, "--generation", str(generation.number)]
        group = group_of(settings, generation)
        supervisor = Supervisor(own, of_generation, profile.log, views, group)
        return _Supervised(supervisor, views, over)

    keeping = Keeping(profile.control, begin)
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await keeping.start()
        either: list[asyncio.Future[Any]] = [stopping, over]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        return over.result() if over.done() else Exit.STOPPED
    finally:
        stopping.cancel()
        await keeping.stop()


class _Supervised:
    """A supervisor as the host of a generation. `over` is told the code of a worker that it is no
    use to start again."""

    def __init__(self, supervisor: "Supervisor", views: Views, over: asyncio.Future[int]) -> None:
        self._stop = asyncio.Event()
        self._views = views
        self._over = over
        self._running = asyncio.create_task(supervisor.run(self._stop))
        self._running.add_done_callback(self._ended)

    async def stop(self) -> None:
        self._stop.set()
        await asyncio.wait([self._running])
        await self._views.close()

    def _ended(self, running: asyncio.Task[int]) -> None:
        if self._stop.is_set() or self._over.done() or running.cancelled():
            return
        if (error := running.exception()) is not None:
            self._over.set_exception(error)
        else:
            self._over.set_result(running.result())


class Supervisor:
    """One worker's supervisor. `pid`: of the worker that runs now; `restarts`: by exit code,
    negative for a signal; `last_exit`: how the last one ended."""

    def __init__(
        self,
        settings: Settings,
        command: Sequence[str],
        log: EventLog,
        views: FoldedViews,
        group: str,
        clock: Clock | None = None,
    ) -> None:
        self.pid: int | None = None
        self.last_exit: int | None = None
        self.restarts: dict[int, int] = {}
        self._settings = settings
        self._command = tuple(command)
        self._log = log
        self._views = views
        self._group = group
        self._clock = clock or SystemClock()

    async def run(self, stop: asyncio.Event) -> int:
        """Until `stop`, or until the worker says that starting it again is no use; its code."""
        backoff_s = _BACKOFF_MIN_S
        while not stop.is_set():
            await self._set_group_back()
            began_s = self._clock.monotonic()
            code = self.last_exit = await self._life(stop)
            if stop.is_set():
                break
            if code in _FINAL:
                return code
            self.restarts[code] = self.restarts.get(code, 0) + 1
            telemetry.RESTARTS.labels(code).inc()
            if self._clock.monotonic() - began_s >= _HEALTHY_S:
                backoff_s = _BACKOFF_MIN_S
            _logger.warning("worker ended", code=code, again_in_s=backoff_s)
            await _pause(stop, backoff_s)
            backoff_s = min(2 * backoff_s, _BACKOFF_MAX_S)
        return Exit.STOPPED

    async def _set_group_back(self) -> None:
        """A group that is ahead of the views (a wiped or restored store) goes back to progress. A
        group with members can't be set from outside; then the worker does it when it joins."""
        try:
            progress = await self._views.progress()
            committed = await group_offsets(self._settings, self._group)
            ahead = {
                p: progress.get(p, 0) for p, at in committed.items() if at > progress.get(p, 0)
            }
            if ahead:
                await reset_group(self._settings, self._group, ahead)
                _logger.warning("group set back to progress", group=self._group, offsets=ahead)
        except (ConflictError, UnavailableError) as error:
            _logger.warning("group left as it is", group=self._group, why=str(error))

    async def _life(self, stop: asyncio.Event) -> int:
        process = await asyncio.create_subprocess_exec(*self._command)
        self.pid = process.pid
        ended = asyncio.ensure_future(process.wait())
        stopping = asyncio.ensure_future(stop.wait())
        watching = asyncio.ensure_future(self._watch(process))
        try:
            await asyncio.wait([ended, stopping, watching], return_when=asyncio.FIRST_COMPLETED)
            if not (ended.done() or watching.done()):
                process.terminate()
                await asyncio.wait([ended], timeout=self._settings.worker_stop_timeout_s)
        finally:
            for task in (stopping, watching):
                task.cancel()
            if not ended.done():
                process.kill()
            code = await ended
            self.pid = None
        return code

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        """Return when the worker has stalled."""
        watch = StallWatch(self._settings.stall_timeout_s)
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            try:
                watched = await self._watched(process.pid)
                ends = await self._log.ends()
                progress = await self._views.progress()
            except UnavailableError:
                watch = StallWatch(self._settings.stall_timeout_s)
                continue
            if stalled := watch.stalled(self._clock.monotonic(), ends, progress, watched):
                _logger.error("worker stalled", pid=process.pid, partitions=stalled)
                return

    async def _watched(self, pid: int) -> set[int]:
        """The partitions that this worker should move on; all of them while it has none, since
        getting them may be where it hangs. None while it says itself what it waits for."""
        everything = set(range(self._log.partitions))
        status = await asyncio.to_thread(InstanceStatus.read, self._settings)
        if status is None or status.pid != pid:
            return everything
        owned = set(status.progress) or everything
        if self._clock.now_ms() - status.written_at > _STATUS_FRESH_MS:
            return owned
        return set() if status.trouble else owned - set(status.halted)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait, but not past `stop`."""
    waiting = asyncio.ensure_future(stop.wait())
    await asyncio.wait([waiting], timeout=seconds)
    waiting.cancel()
