"""Repair: a part of a generation written anew in place, while it is served.

The log is read twice up to the generation's own progress: for the facts, which say whose events
concern the scope, and for what these fold into. What is served too much is found by looking, and
taken out one by one.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from foldline.core.effects import Deliver, Effect, RaiseFloor, SetEngagement, rows_of
from foldline.core.ids import partition_of
from foldline.core.ledger import Ledger
from foldline.core.newest_first import NewestFirst
from foldline.core.position import stamp_of
from foldline.core.scope import Scope, lifted, removals
from foldline.core.served import differences, expected
from foldline.core.survivors import Survivors
from foldline.log.port import EventLog
from foldline.settings import Settings
from foldline.views.port import Views
from streams.reading import stretches
from streams.rebuild.replay import chunks
from streams.rebuild.verifying import Reader
from streams.sift import Poison
from streams.tailed_ledger import TailedLedger

_EFFECTS: Final = 2_000


@dataclass
class Repaired:
    """What a repair came to, or would: events read, cells and timeline rows written, cells taken
    out."""

    events: int = 0
    cells: int = 0
    rows: int = 0
    removed: int = 0


class Repair:
    """Repairs one generation."""

    def __init__(
        self,
        log: EventLog,
        views: Views,
        reader_of: Callable[[Views], Reader],
        settings: Settings,
        depth: int,
    ) -> None:
        """`settings`: as of the generation; `depth`: to which lists are compared."""
        self._log = log
        self._views = views
        self._reader_of = reader_of
        self._settings = settings
        self._depth = depth

    async def run(self, scope: Scope, *, dry_run: bool = False) -> Repaired:
        """Write the scope anew, as it is at the generation's progress."""
        progress = await self._views.progress()
        tailed = await TailedLedger.open(self._log, self._settings.log_epoch)
        try:
            await tailed.advance([progress.get(p, 0) for p in range(self._log.partitions)])
            return await self._repaired(scope, tailed, dry_run=dry_run)
        finally:
            await tailed.close()

    async def _repaired(self, scope: Scope, tailed: TailedLedger, *, dry_run: bool) -> Repaired:
        ledger = tailed.ledger
        done = Repaired(events=2 * sum(ledger.positions))
        stamp = _Stamps(dict(enumerate(ledger.positions)), self._settings.log_epoch)
        survivors = await self._folded(ledger, scope.keys(ledger))
        cells = (
            lifted(effect, stamp.of_key(_key(effect, ledger)))
            for effect in scope.cells(survivors.effects(), ledger)
        )
        for some in chunks(cells, _EFFECTS):
            done.cells += len(some)
            if not dry_run:
                await self._views.apply(some, {})
        for some in chunks(self._timelines(survivors, scope, stamp), _EFFECTS):
            done.rows += rows_of(some)
            if not dry_run:
                await self._views.apply(some, {})
        named = (scope.accounts or frozenset()) | scope.authors
        async for removal in self._removals(named, tailed, stamp):
            done.removed += 1
            if not dry_run:
                await self._views.apply([removal], {})
        return done

    async def _folded(self, ledger: Ledger, keys: frozenset[int] | None) -> Survivors:
        """What the events of these accounts fold into, up to where the ledger stands."""
        survivors = Survivors()
        for partition, end in enumerate(ledger.positions):
            async for stretch in stretches(self._log, partition, end, self._settings.log_epoch):
                for item in stretch.items:
                    if isinstance(item, Poison):
                        continue
                    event = item.envelope.event
                    if keys is None or event.key in keys:
                        survivors.take(event, item.stamp)
        return survivors

    def _timelines(self, survivors: Survivors, scope: Scope, stamp: "_Stamps") -> Iterable[Effect]:
        newest_first = NewestFirst(list(scope.sources(survivors.sources())), self._settings.cap)
        for step in newest_first.steps():
            told = step.deliver
            at = stamp.of_key(told.author_id)
            yield Deliver(told.author_id, told.tweets, told.recipients, at)
        if scope.since == 0 and not scope.authors:
            floors: Iterable[RaiseFloor] = newest_first.floors()
            yield from floors

    async def _removals(
        self, users: Iterable[int], tailed: TailedLedger, stamp: "_Stamps"
    ) -> AsyncIterator[Effect]:
        """What takes out of what is served all that no event up to now accounts for."""
        ledger = tailed.ledger
        for user in sorted(users):
            found = await self._reader_of(self._views).served(user)
            await tailed.advance(await self._log.ends())
            right = expected(ledger, user, self._depth)
            for difference in differences(user, right, found):
                authors = await self._authors(difference.extra, ledger)
                for removal in removals(difference, authors.__getitem__, stamp.of_key):
                    yield removal
                if difference.part == "acts":  # of tweets that nobody did anything with
                    for tweet, acts in zip(right.tweets, right.acts, strict=True):
                        yield SetEngagement(tweet, *acts, stamp.of_key(user))

    async def _authors(self, tweets: Iterable[int], ledger: Ledger) -> Mapping[int, int]:
        """Of tweets that may never have been posted: then as the view has them."""
        known = {tweet: ledger.authors.get(tweet, 0) for tweet in tweets}
        unknown = [tweet for tweet, author in known.items() if not author]
        found = await self._views.tweets(unknown) if unknown else {}
        return known | {tweet: each.author_id for tweet, each in found.items()}


class _Stamps:
    """The stamp of the last event that was folded, by partition."""

    def __init__(self, progress: Mapping[int, int], epoch: int) -> None:
        self._progress = progress
        self._epoch = epoch

    def of_key(self, key: int) -> int:
        offset = self._progress[partition_of(key, len(self._progress))]
        return stamp_of(max(offset - 1, 0), self._epoch)


_KEYS: Final = ("followee_id", "blocked_id", "muted_id", "author_id", "user_id")


def _key(effect: Effect, ledger: Ledger) -> int:
    """Whose partition writes a cell."""
    for field in _KEYS:
        if (key := getattr(effect, field, None)) is not None:
            return int(key)
    return ledger.authors.get(getattr(effect, "tweet_id", 0), 0)
