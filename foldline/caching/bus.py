"""The log as invalidation bus: what is folded is told to the caches of this process.

Every process reads the log's tail for itself. An event's keys are dropped when progress has passed
the event: from then on every read of the store sees it, and what a read that began before may still
bring is discarded by the caches (`levels`). So the tail begins at progress, not at the log's ends:
what lies between is not folded yet, and will change values that are read now.

How old may a cached value be? A look at progress that began at time t, and found nothing folded
that the tail had not brought, proves that the caches now lack nothing that was folded at t. The bus
is `usable` for a bounded time after the last such t; then the caches are passed by. That holds
whatever the reason: a log out of reach, a tail that lags, a store that does not tell its progress,
an event loop that stood still. The tail goes on from where it was, so nothing has to be emptied
afterwards; only where the log no longer holds that place, or an event can't be read, all is.

`progress` is for those who wait for what they wrote: it tells no more than the caches have heard.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Final, Protocol

import structlog

from foldline.caching.keys import Key
from foldline.caching.posts import Posts
from foldline.caching.touched import touched
from foldline.caching.versions import Versions
from foldline.clock import Clock
from foldline.core.codec import Codec
from foldline.core.events import Event, TweetPosted
from foldline.errors import GapInLogError, NewerVersionError, PoisonError, UnavailableError
from foldline.log.port import EventLog, LogReader, Record
from foldline.settings import Settings

_TAKE_MAX: Final = 1_000
_AGAIN_S: Final = 0.2  # after an error
_CODEC: Final = Codec()
_Pending = tuple[int, Event | None]
"""An offset, and the event there; None where it can't be read."""
_log = structlog.get_logger(__name__)


class Progressing(Protocol):
    """Whatever tells progress; as `views.port.FoldedViews` does."""

    async def progress(self) -> dict[int, int]: ...


class Listener(Protocol):
    """A cache. Both are in force when they return."""

    def drop(self, keys: Collection[Key]) -> None:
        """These values are no longer so; nor is what is being read of them now."""

    def empty(self) -> None:
        """Nothing is known any more."""


class Bus:
    """The tail of the log, for the caches of one event loop. `sequence` rises whenever anything
    that was folded is heard."""

    def __init__(self, log: EventLog, views: Progressing, settings: Settings, clock: Clock) -> None:
        self.sequence = 0
        self.versions = Versions(settings.bus_slots)
        self.posts = Posts(settings.cached_bodies)
        self._log = log
        self._views = views
        self._settings = settings
        self._clock = clock
        self._listeners: list[Listener] = []
        self._position: dict[int, int] = {}
        self._progress: dict[int, int] = {}
        self._pending: dict[int, deque[_Pending]] = {}
        self._waiting = 0
        self._looked_at = -float("inf")
        self._proved_at = -float("inf")
        self._task: asyncio.Task[None] | None = None

    def listen(self, listener: Listener) -> None:
        """Tell `listener` from now on."""
        self._listeners.append(listener)

    @property
    def usable(self) -> bool:
        """Whether the caches may answer: they lack nothing that was folded `cache_stale_s` ago."""
        return self._clock.monotonic() - self._proved_at <= self._settings.cache_stale_s

    async def progress(self) -> dict[int, int]:
        """Progress of the views, as far as the caches have heard of it. ViewsUnavailableError."""
        found = await self._look()
        if not self.usable:
            return found
        return {p: min(offset, self._position.get(p, offset)) for p, offset in found.items()}

    async def start(self) -> None:
        """Begin to follow the log. Idempotent."""
        if self._task is None:
            self._task = asyncio.create_task(self._follow(), name="bus")

    async def stop(self) -> None:
        """End; the caches are not usable soon after. Idempotent."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _follow(self) -> None:
        while True:
            try:
                if not self._position:
                    await self._begin()
                await self._hear_all(await self._log.reader(self._position))
            except UnavailableError as error:
                _log.warning("the bus goes on soon", why=str(error))
            except GapInLogError as error:
                _log.warning("the bus begins anew", why=str(error))
                self._position = {}
            except Exception:
                _log.exception("the bus begins anew")
                self._position = {}
            await asyncio.sleep(_AGAIN_S)

    async def _begin(self) -> None:
        """From progress on, with empty caches: what they are filled with now is from after it."""
        found = await self._views.progress()
        self._position = {p: found.get(p, 0) for p in range(self._log.partitions)}
        self._pending = {p: deque() for p in self._position}
        self._waiting = 0
        self._proved_at = -float("inf")
        self._empty()

    async def _hear_all(self, reader: LogReader) -> None:
        try:
            while True:
                settings = self._settings
                pause_s = settings.bus_poll_s if self._waiting else settings.cache_stale_s / 4
                if self._waiting < settings.bus_pending_max:
                    self._hear(await reader.take(_TAKE_MAX, pause_s))
                else:  # read no further than what is folded soon
                    await asyncio.sleep(pause_s)
                if self._clock.monotonic() - self._looked_at >= pause_s:
                    await self._look()
        finally:
            await reader.close()

    def _hear(self, records: Sequence[Record]) -> None:
        for record in records:
            partition, offset = record.position
            event: Event | None
            try:
                event = _CODEC.decode(record.value).event
            except (PoisonError, NewerVersionError):
                event = None  # newer code may know what it touches
            self._pending[partition].append((offset, event))
            self._position[partition] = offset + 1
        self._waiting += len(records)
        self._tell()

    async def _look(self) -> dict[int, int]:
        """Ask for progress, and tell the caches of what it has passed."""
        began = self._looked_at = self._clock.monotonic()
        found = await self._views.progress()
        for partition, offset in found.items():
            self._progress[partition] = max(offset, self._progress.get(partition, 0))
        self._tell()
        if self._position and all(self._position[p] >= o for p, o in self._progress.items()):
            self._proved_at = max(began, self._proved_at)
        return found

    def _tell(self) -> None:
        passed = list[Event | None]()
        for partition, offset in self._progress.items():
            pending = self._pending.get(partition)
            while pending and pending[0][0] < offset:
                passed.append(pending.popleft()[1])
        if not passed:
            return
        self._waiting -= len(passed)
        events = [event for event in passed if event is not None]
        if len(events) < len(passed):
            self._empty()
            return
        self.sequence += 1
        keys = set[Key]().union(*map(touched, events))
        self.versions.note(self.sequence, keys)
        for event in events:
            if isinstance(event, TweetPosted):
                self.posts.note(self.sequence, event.author_id, event.tweet_id)
        self._each(lambda listener: listener.drop(keys))

    def _empty(self) -> None:
        self.sequence += 1
        self.versions.note_all(self.sequence)
        self.posts.forget(self.sequence)
        self._each(lambda listener: listener.empty())

    def _each(self, tell: Callable[[Listener], None]) -> None:
        for listener in self._listeners:
            tell(listener)
