"""Copying the log into one of another number of partitions, under the next epoch.

Each partition of the new log gets its records in the order of the old one's clock, so those of one
old partition stay in their order, and with them those of every key. A copy says in its headers
where it lay and when it was appended: what was copied is known from the new log alone, and a copy
that was cut off goes on. Causes are stamps of the old log, and become those of the new. What could
not be folded stays so: it is put into a partition that is not its event's.
"""

import asyncio
import hashlib
from array import array
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import count
from typing import Final

import msgspec

from foldline.core.codec import Codec
from foldline.core.events import Event, FollowBarred, FollowUnbarred
from foldline.core.ids import partition_of
from foldline.core.position import OFFSET_BITS, Position, stamp_of
from foldline.errors import ConflictError, NewerVersionError, PoisonError
from foldline.log.port import EventLog, NewRecord, Record
from streams.reading import APPENDED_AT, Stretch, stretches, time_of
from streams.sift import Entry, Poison

COPIED_FROM: Final = "copied-from"
_OURS: Final = (COPIED_FROM, APPENDED_AT)
_CODEC: Final = Codec()
_BATCH: Final = 2_000
_PAGE: Final = 2_000
_WAIT_S: Final = 5.0
_NOWHERE: Final = -1
_PENDING: Final = -2
_DIGEST: Final = (1 << 64) - 1
_OFFSET: Final = (1 << OFFSET_BITS) - 1


class Copy:
    """One copying. It keeps eight bytes in memory for each record."""

    def __init__(self, old: EventLog, new: EventLog, epoch: int) -> None:
        """`epoch`: of the old log."""
        self._old, self._new, self._epoch = old, new, epoch
        self._moved = [array("q") for _ in range(old.partitions)]
        self._digest = 0
        self._keys = _keys_of(new.partitions)
        self._lanes: dict[int, list[tuple[Position, NewRecord]]] = defaultdict(list)

    def moved(self, at: Position) -> Position | None:
        """Where the copy lies of what the old log has at a position."""
        places = self._moved[at.partition]
        place = places[at.offset] if at.offset < len(places) else _NOWHERE
        return None if place < 0 else Position(place >> OFFSET_BITS, place & _OFFSET)

    async def resume(self) -> int:
        """Learn what was copied before; how many records. Raises `ConflictError` where the new log
        has anything else."""
        return await self._read_back(lambda at, there, _: self._note(at, there))

    async def run(self, ends: Sequence[int], told: Callable[[int], None]) -> None:
        """Copy all before `ends` that is not there yet; `told` hears how much was looked at."""
        for places, end in zip(self._moved, ends, strict=True):
            places.extend([_NOWHERE] * (end - len(places)))
        self._digest = 0
        sources = [_Source(self._old, p, end, self._epoch) for p, end in enumerate(ends)]
        left, pending = sum(ends), 0
        while left:
            source = await self._next(sources)
            record, item = source.pop()
            left -= 1
            at, copy = record.position, self._copy_of(record, item)
            self._digest = (self._digest + _digest(at, copy.value)) & _DIGEST
            if self.moved(at) is None:
                self._moved[at.partition][at.offset] = _PENDING
                self._lanes[partition_of(copy.key, self._new.partitions)].append((at, copy))
                pending += 1
            if pending == _BATCH or not left:
                await self._flush()
                pending = 0
            told(1)

    async def verify(self, ends: Sequence[int]) -> None:
        """Read the new log back: each record before `ends` is there once, as it should be, and in
        order. Raises `ConflictError`."""
        last: dict[tuple[int, int], int] = {}
        digest = 0

        def check(at: Position, there: Position, record: Record) -> None:
            nonlocal digest
            digest = (digest + _digest(at, record.value or b"")) & _DIGEST
            lane = (there.partition, at.partition)
            if at.offset <= last.get(lane, -1):
                raise ConflictError(f"the new log has {at} out of order at {there}: begin anew")
            last[lane] = at.offset

        found = await self._read_back(check)
        if (found, digest) != (sum(ends), self._digest):
            raise ConflictError("what the new log has is not what the old one has: begin anew")

    async def _next(self, sources: Sequence["_Source"]) -> "_Source":
        """The source whose head is the oldest, or that this one's cause is still in."""
        for source in sources:
            if not source.head:
                await source.fill()
        source = min((s for s in sources if s.head), key=lambda s: (s.time, s.partition))
        for _ in sources:
            cause = self._cause_of(source.event)
            if cause is None or self.moved(cause) is not None:
                return source
            await self._flush()
            if self.moved(cause) is not None:
                return source
            source = sources[cause.partition]
        raise ConflictError(f"the log's causes go in a circle at {source.partition}")

    def _cause_of(self, event: Event | None) -> Position | None:
        """Where the block lies that this event follows from."""
        if not isinstance(event, FollowBarred | FollowUnbarred):
            return None
        partition = partition_of(event.follower_id, self._old.partitions)
        offset = event.cause - stamp_of(0, self._epoch)
        return Position(partition, offset) if 0 <= offset < len(self._moved[partition]) else None

    def _copy_of(self, record: Record, item: Entry | Poison) -> NewRecord:
        at = record.position
        kept = tuple(header for header in record.headers if header[0] not in _OURS)
        headers = (
            *kept,
            (COPIED_FROM, str(at).encode()),
            (APPENDED_AT, str(time_of(record)).encode()),
        )
        value = record.value or b""
        if isinstance(item, Poison):
            return NewRecord(self._keys[self._away_from_home(at, value)], value, headers)
        cause = self._cause_of(item.event)
        if cause is not None and (there := self.moved(cause)) is not None:
            stamp = stamp_of(there.offset, self._epoch + 1)
            event = msgspec.structs.replace(item.event, cause=stamp)
            value = _CODEC.encode(msgspec.structs.replace(item.envelope, event=event))
        return NewRecord(item.event.key, value, headers)

    def _away_from_home(self, at: Position, value: bytes) -> int:
        """A partition in which poison stays what it is."""
        partitions = self._new.partitions
        try:
            home = partition_of(_CODEC.decode(value).event.key, partitions)
        except (PoisonError, NewerVersionError):
            return at.partition % partitions
        if partitions == 1:
            raise ConflictError(f"the event at {at} lies in a wrong partition: of one, none is")
        return (home + 1) % partitions

    async def _flush(self) -> None:
        lanes, self._lanes = self._lanes, defaultdict(list)
        await asyncio.gather(*(self._append(lane) for lane in lanes.values()))

    async def _append(self, lane: Sequence[tuple[Position, NewRecord]]) -> None:
        """Append in order, all of them under way at once."""
        copies = [asyncio.ensure_future(self._new.append(record)) for _, record in lane]
        try:
            for (at, _), there in zip(lane, await asyncio.gather(*copies), strict=True):
                self._note(at, there)
        finally:
            await asyncio.wait(copies)

    def _note(self, at: Position, there: Position) -> None:
        places = self._moved[at.partition]
        places.extend([_NOWHERE] * (at.offset + 1 - len(places)))
        if places[at.offset] >= 0:
            raise ConflictError(f"the new log has {at} twice: begin anew")
        places[at.offset] = (there.partition << OFFSET_BITS) + there.offset

    async def _read_back(self, seen: Callable[[Position, Position, Record], None]) -> int:
        found = 0
        ends = await self._new.ends()
        for partition, end in ((p, end) for p, end in enumerate(ends) if end):
            reader, at = await self._new.reader({partition: 0}), 0
            try:
                while at < end:
                    for record in await reader.take(min(_PAGE, end - at), _WAIT_S):
                        seen(_origin(record), record.position, record)
                        at, found = at + 1, found + 1
            finally:
                await reader.close()
        return found


class _Source:
    """One partition of the old log. `head`: what comes next, if anything does."""

    def __init__(self, log: EventLog, partition: int, end: int, epoch: int) -> None:
        self.partition = partition
        self._end, self._at = end, 0
        self._stretches = stretches(log, partition, end, epoch)
        self._stretch = Stretch((), ())
        self._next = 0

    @property
    def head(self) -> bool:
        return self._next < len(self._stretch.records)

    @property
    def time(self) -> int:
        return time_of(self._stretch.records[self._next])

    @property
    def event(self) -> Event | None:
        return self._stretch.items[self._next].event

    async def fill(self) -> None:
        """Have a head, unless all is taken."""
        while not self.head and self._at < self._end:
            self._stretch, self._next = await anext(self._stretches), 0
            self._at += len(self._stretch.records)

    def pop(self) -> tuple[Record, Entry | Poison]:
        """Take the head."""
        self._next += 1
        return self._stretch.records[self._next - 1], self._stretch.items[self._next - 1]


def _keys_of(partitions: int) -> list[int]:
    """A key of each partition."""
    found: dict[int, int] = {}
    for key in count(1):
        found.setdefault(partition_of(key, partitions), key)
        if len(found) == partitions:
            return [found[partition] for partition in range(partitions)]
    raise AssertionError("unreachable")


def _origin(record: Record) -> Position:
    """Where a copy lay. Raises `ConflictError` for what is none."""
    found = dict(record.headers).get(COPIED_FROM)
    if found is None:
        raise ConflictError(f"the new log is in use: {record.position} is no copy")
    return Position.parse(found.decode())


def _digest(at: Position, value: bytes) -> int:
    """Of a record and where it lay; their sum says whether two logs have the same."""
    return int.from_bytes(hashlib.blake2b(value, key=str(at).encode(), digest_size=8).digest())
