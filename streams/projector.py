"""The projector: batches of events in, view writes out. It knows no profile.

The host (a Faust worker, or the runner of the embedded profile) brings events; the view decides
what is next. Per partition the projector knows the next offset to fold; of that

- a lower offset was applied already and is skipped;
- a higher one means that an event was lost on the way: `GapInLogError`, before anything is written,
  and the host must start over from progress;
- an event that can't be read goes among the dead letters, and the partition goes on;
- an event newer than this code halts its partition: what comes behind it is not looked at.

What was folded is written by the window, rows first, then the celebrity flags, then `progress`: the
next offset as durable in the view, which is behind what was folded by the parts in hand. Derived
events are appended before progress passes their cause (`follow_ups`).
Where a store or the log can't answer, the projector waits and tries again, for ever: `trouble` then
says why.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import stamina
import structlog

from foldline import telemetry
from foldline.appends import append
from foldline.clock import Clock
from foldline.core.crossing import crossing, derived
from foldline.core.effects import Deliver, Effect, rows_of
from foldline.core.engagement import engage
from foldline.core.events import AuthorDemoted, AuthorPromoted, Event, OfTweet
from foldline.core.fold import fold
from foldline.core.folded import Folded
from foldline.core.follow_ups import FollowUp
from foldline.core.ids import partition_of
from foldline.errors import AppendUnknownError, UnavailableError
from foldline.log.port import EventLog, Record
from foldline.settings import Settings
from streams.audiences import Engaged, FoldingCache, Known
from streams.follow_ups import FollowUps
from streams.sift import Entry, Poison, sift
from streams.trimming import TrimmedViews, trim
from streams.window import Part, Window

Answer = TypeVar("Answer")
_logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class States:
    """What a batch is folded into: audiences by author, engagements by tweet."""

    known: dict[int, Known]
    engaged: dict[int, Engaged]


class Projector:
    """Folds the partitions it is assigned. After an error it must not be used again."""

    def __init__(
        self,
        log: EventLog,
        views: TrimmedViews,
        settings: Settings,
        clock: Clock,
        *,
        deriving: bool = True,
    ) -> None:
        """`deriving`: append what follows from events, unless another view's projector does."""
        self.halted: dict[int, str] = {}
        self.trouble: str | None = None
        self._log = log
        self._views = views
        self._settings = settings
        self._clock = clock
        self._deriving = deriving
        self._next: dict[int, int] = {}
        self._window = Window(
            views, self._steadily, settings.rows_per_part, self._settle, self._written
        )
        self._follow_ups = FollowUps(log, views, self._steadily)
        self._audiences = FoldingCache[Known](settings.audience_cache_bytes)
        self._engagements = FoldingCache[Engaged](settings.audience_cache_bytes // 4)
        self._decided: dict[int, type[AuthorPromoted | AuthorDemoted]] = {}
        self._turn = asyncio.Lock()
        self._stopped = False
        self._paused = asyncio.Event()

    @property
    def progress(self) -> Mapping[int, int]:
        """Of each partition owned, the next offset as durable in the view."""
        return self._window.progress

    async def assign(self, partitions: Collection[int]) -> None:
        """Own exactly `partitions` from here on. What another worker may have changed meanwhile is
        loaded anew."""
        async with self._turn:
            await self._window.drain()
            stored = await self._steadily(self._views.progress)
            unchanged = {p for p in partitions if self.progress.get(p) == stored.get(p, 0)}
            self._next = {p: stored.get(p, 0) for p in partitions}
            self._window.begin(self._next)
            self.halted = {p: why for p, why in self.halted.items() if p in unchanged}
            for cache in (self._audiences, self._engagements):
                cache.forget(lambda author: self._partition(author) not in unchanged)
            self._decided = {
                a: kind for a, kind in self._decided.items() if self._partition(a) in unchanged
            }
            self._paused.clear()

    async def apply(self, records: Sequence[Record]) -> None:
        """Fold `records` and begin to write what follows; the last of it may yet be in hand."""
        async with self._turn:
            if self._stopped or self._paused.is_set():
                return
            sifted = sift(
                records, self._next, self.halted, self._log.partitions, self._settings.log_epoch
            )
            states = await self._load(sifted.items)
            part = Part()
            for item in sifted.items:
                effects, follow_ups, state = self._fold(item, states)
                rows = rows_of(effects)
                if part.rows and part.rows + rows > self._settings.rows_per_part:
                    await self._write(part)
                    if self._paused.is_set():
                        return
                    part = Part()
                part.add(item, effects, rows, follow_ups, state)
            if part.progress:
                await self._write(part)
            for partition, why in sifted.halted.items():
                self.halted[partition] = why
                _logger.error("partition halted", partition=partition, why=why)

    async def quiet(self) -> None:
        """Wait until what was folded is written, but for long parts: a small part costs the store
        almost what a larger one does, so what comes meanwhile belongs to the next."""
        await self._window.quiet()

    def pause(self) -> None:
        """Pass over what still comes, and the rest of the batch in hand, until partitions are
        assigned: from there on all of it is read again."""
        self._paused.set()

    async def stop(self) -> None:
        """Pass over what still comes, and wait until progress has passed all that was folded."""
        async with self._turn:
            self._stopped = True
            await self._window.drain()

    async def failure(self) -> None:
        """Wait until a write fails for good, and raise why."""
        await self._window.failure()

    async def _load(self, items: Sequence[Entry | Poison]) -> States:
        """What the batch is folded into, kept for as long as the batch lasts."""
        events = [item.envelope.event for item in items if isinstance(item, Entry)]
        tweets = {e.tweet_id: e.author_id for e in events if isinstance(e, OfTweet)}
        authors = {event.key for event in events if not isinstance(event, OfTweet)}
        states = States(
            {a: found for a in authors if (found := self._audiences.get(a)) is not None},
            {t: done for t in tweets if (done := self._engagements.get(t)) is not None},
        )
        missing = [author for author in authors if author not in states.known]
        if missing:
            now = self._clock.monotonic()
            loaded = await self._steadily(lambda: self._views.load(missing))
            for author, audience in loaded.items():
                states.known[author] = Known(audience, 0, now if audience.celebrity else None)
        unread = {tweet: by for tweet, by in tweets.items() if tweet not in states.engaged}
        if unread:
            read = await self._steadily(lambda: self._views.load_engagements(unread))
            states.engaged.update({tweet: Engaged(each) for tweet, each in read.items()})
        return states

    def _fold(
        self, item: Entry | Poison, states: States
    ) -> tuple[Sequence[Effect], Sequence[FollowUp], Known | Engaged | None]:
        """What is to be written and what follows; the state that it is folded into, which is then
        the one after it."""
        if isinstance(item, Poison):
            telemetry.POISONED.inc()
            return [item.letter], (), None
        event = item.envelope.event
        telemetry.EVENTS.labels(type(event).__name__).inc()
        if isinstance(event, OfTweet):
            engagement, effects, told = engage(
                states.engaged[event.tweet_id].engagement, event, item.stamp
            )
            states.engaged[event.tweet_id] = Engaged(engagement)
            return effects, told, states.engaged[event.tweet_id]
        folded = self._fold_audience(event, item.stamp, states.known)
        return folded.effects, folded.follow_ups, states.known[event.key]

    def _fold_audience(self, event: Event, stamp: int, known: dict[int, Known]) -> Folded:
        before = known[event.key]
        settled = (
            before.flag_since is not None
            and self._clock.monotonic() - before.flag_since >= self._settings.settle_s
        )
        folded = fold(before.audience, event, stamp, cap=self._settings.cap, settled=settled)
        if folded.audience.celebrity and before.audience.celebrity:
            known[event.key] = replace(before, audience=folded.audience)
        else:
            known[event.key] = Known(folded.audience, promoted=stamp)
        if isinstance(event, AuthorPromoted | AuthorDemoted):
            self._decided.pop(event.key, None)
        return folded

    async def _write(self, part: Part) -> None:
        if self._deriving:
            await self._decide(part)
            await self._follow_ups.derive(part.due)
        for known in part.known.values():
            self._audiences.hold(known)
        for engaged in part.engaged.values():
            self._engagements.hold(engaged)
        self._next.update(part.progress)
        await self._window.put(part)

    async def _settle(self, part: Part) -> None:
        if self._deriving:
            await self._follow_ups.settle(part.late)

    async def _written(self, part: Part) -> None:
        now = self._clock.monotonic()
        for author, then in part.known.items():
            known = self._audiences.get(author)
            assert known is not None, "it is held"
            same = known.audience.celebrity and known.promoted == then.promoted
            if same and then.audience.celebrity and known.flag_since is None:
                self._audiences.put(replace(known, flag_since=now))
            self._audiences.release(author)
        for tweet in part.engaged:
            self._engagements.release(tweet)
        telemetry.DELIVERIES.inc(part.rows)
        await self._trim(part)

    async def _decide(self, part: Part) -> None:
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

    async def _trim(self, part: Part) -> None:
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
