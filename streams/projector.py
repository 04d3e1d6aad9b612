"""The projector: batches of events in, view writes out. It knows no profile.

The host (a Faust worker, or the runner of the embedded profile) brings events; the view decides
what is next. Per partition the projector holds `progress`, the next offset, as durable in the view:

- a lower offset was applied already and is skipped;
- a higher one means that an event was lost on the way: `GapInLogError`, before anything is written,
  and the host must start over from progress;
- an event that can't be read goes among the dead letters, and the partition goes on;
- an event newer than this code halts its partition: what comes behind it is not looked at.

Of each batch the rows are written first, then the celebrity flags, then progress. Derived events
are appended before all of that, so progress never passes one that is missing. Where a store or the
log can't answer, the projector waits and tries again, for ever: `trouble` then says why.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import stamina
import structlog

from foldline import telemetry
from foldline.appends import append
from foldline.clock import Clock
from foldline.core.crossing import crossing, derived
from foldline.core.effects import Deliver, Effect, Retract, newest_counts
from foldline.core.events import AuthorDemoted, AuthorPromoted
from foldline.core.fold import fold
from foldline.core.ids import partition_of
from foldline.errors import AppendUnknownError, UnavailableError
from foldline.log.port import EventLog, Record
from foldline.settings import Settings
from streams.audiences import AudienceCache, Known
from streams.sift import Entry, Poison, sift
from streams.trimming import TrimmedViews, trim

Answer = TypeVar("Answer")
_logger = structlog.get_logger()


@dataclass(slots=True)
class _Part:
    """A stretch of a batch that is written, and acknowledged, as one."""

    known: dict[int, Known]  # of all authors in the batch, shared by its parts
    effects: list[Effect] = field(default_factory=list)
    rows: int = 0
    progress: dict[int, int] = field(default_factory=dict)
    last: dict[int, Entry] = field(default_factory=dict)  # author → the newest event of it


class Projector:
    """Folds the partitions it is assigned. After an error of `apply` it must not be used again."""

    def __init__(
        self, log: EventLog, views: TrimmedViews, settings: Settings, clock: Clock
    ) -> None:
        self.progress: dict[int, int] = {}
        self.halted: dict[int, str] = {}
        self.trouble: str | None = None
        self._log = log
        self._views = views
        self._settings = settings
        self._clock = clock
        self._audiences = AudienceCache(settings.audience_cache_bytes)
        self._decided: dict[int, type[AuthorPromoted | AuthorDemoted]] = {}
        self._turn = asyncio.Lock()

    async def assign(self, partitions: Collection[int]) -> None:
        """Own exactly `partitions` from here on. What another worker may have changed meanwhile is
        loaded anew."""
        async with self._turn:
            stored = await self._steadily(self._views.progress)
            unchanged = {p for p in partitions if self.progress.get(p) == stored.get(p, 0)}
            self.progress = {p: stored.get(p, 0) for p in partitions}
            self.halted = {p: why for p, why in self.halted.items() if p in unchanged}
            self._audiences.forget(lambda author: self._partition(author) not in unchanged)
            self._decided = {
                a: kind for a, kind in self._decided.items() if self._partition(a) in unchanged
            }

    async def apply(self, records: Sequence[Record]) -> None:
        """Fold `records` and write what follows; progress has passed them when this returns."""
        async with self._turn:
            sifted = sift(
                records,
                self.progress,
                self.halted,
                self._log.partitions,
                self._settings.log_epoch,
            )
            known = await self._load(sifted.items)
            part = _Part(known)
            for item in sifted.items:
                self._fold(item, part)
                if part.rows >= self._settings.rows_per_progress:
                    await self._write(part)
                    part = _Part(known)
            if part.progress:
                await self._write(part)
            for partition, why in sifted.halted.items():
                self.halted[partition] = why
                _logger.error("partition halted", partition=partition, why=why)

    async def _load(self, items: Sequence[Entry | Poison]) -> dict[int, Known]:
        """The audience of each author in the batch, kept for as long as the batch lasts."""
        authors = {item.envelope.event.key for item in items if isinstance(item, Entry)}
        known = {a: found for a in authors if (found := self._audiences.get(a)) is not None}
        missing = [author for author in authors if author not in known]
        if missing:
            now = self._clock.monotonic()
            loaded = await self._steadily(lambda: self._views.load(missing))
            for author, audience in loaded.items():
                known[author] = Known(audience, now if audience.celebrity else None)
        return known

    def _fold(self, item: Entry | Poison, part: _Part) -> None:
        part.progress[item.position.partition] = item.position.offset + 1
        if isinstance(item, Poison):
            part.effects.append(item.letter)
            telemetry.POISONED.inc()
            return
        event = item.envelope.event
        known = part.known[event.key]
        settled = (
            known.flag_since is not None
            and self._clock.monotonic() - known.flag_since >= self._settings.settle_s
        )
        audience, effects = fold(
            known.audience, event, item.stamp, cap=self._settings.cap, settled=settled
        )
        still = audience.celebrity and known.audience.celebrity
        part.known[event.key] = Known(audience, known.flag_since if still else None)
        part.last[event.key] = item
        part.effects += effects
        part.rows += sum(
            effect.tweets.size * effect.recipients.size
            for effect in effects
            if isinstance(effect, Deliver | Retract)
        )
        if isinstance(event, AuthorPromoted | AuthorDemoted):
            self._decided.pop(event.key, None)
        telemetry.EVENTS.labels(type(event).__name__).inc()

    async def _write(self, part: _Part) -> None:
        await self._decide(part)
        effects = newest_counts(part.effects)
        await self._steadily(lambda: self._views.apply(effects, part.progress))
        now = self._clock.monotonic()
        for author in part.last:
            known = part.known[author]
            if known.audience.celebrity and known.flag_since is None:
                known = part.known[author] = Known(known.audience, now)
            self._audiences.put(known)
        self.progress.update(part.progress)
        telemetry.DELIVERIES.inc(part.rows)
        await self._trim(part)

    async def _decide(self, part: _Part) -> None:
        """Append what follows from the sizes of the audiences, once each until it is folded."""
        for author, cause in part.last.items():
            event = crossing(
                part.known[author].audience,
                self._settings.promote_at,
                self._settings.demote_below,
            )
            if event is None or self._decided.get(author) is type(event):
                continue
            telemetry.TRACE.set(cause.trace)
            envelope = derived(event, cause.envelope)
            await self._steadily(partial(append, self._log, envelope, "projector"))
            self._decided[author] = type(event)

    async def _trim(self, part: _Part) -> None:
        """Look at a few of the users who just got something. Housekeeping: a failure can wait."""
        deliveries = [effect for effect in part.effects if isinstance(effect, Deliver)]
        try:
            for deliver in random.sample(
                deliveries, min(len(deliveries), self._settings.trim_samples)
            ):
                user = int(random.choice(deliver.recipients))
                await trim(self._views, user, self._settings.cap)
        except UnavailableError as error:
            _logger.warning("trim put off", why=str(error))

    async def _steadily(self, call: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer of `call`, however long its store or the log can't give one."""
        async for attempt in stamina.retry_context(
            on=(UnavailableError, AppendUnknownError),
            attempts=None,
            timeout=None,
            wait_initial=0.05,
            wait_max=2.0,
        ):
            with attempt:
                try:
                    answer = await call()
                except (UnavailableError, AppendUnknownError) as error:
                    self.trouble = str(error)
                    raise
                self.trouble = None
        return answer

    def _partition(self, author_id: int) -> int:
        return partition_of(author_id, self._log.partitions)
