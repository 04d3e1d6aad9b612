"""The port of the log: what every adapter promises."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from foldline.core.position import Position

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class NewRecord:
    """An event on its way into the log. `key`: the account that decides the partition."""

    key: int
    value: bytes
    headers: Headers = ()


class Record(NamedTuple):
    """An event in the log. `value` is None where a writer of another kind left none;
    `appended_at` is the log's own clock, ms since 1970."""

    position: Position
    value: bytes | None
    headers: Headers
    appended_at: int


class LogReader(Protocol):
    """One reader's place in some partitions. Not to be shared between tasks."""

    async def take(self, limit: int, wait_s: float) -> list[Record]:
        """The next records, at most `limit` over all partitions; [] if none came within `wait_s`.

        Within a partition the records follow each other without a gap, in order. The reader
        starts at exactly the offsets it was opened with; an offset that the log no longer holds
        raises `GapInLogError`, one past the end waits. Raises `LogUnavailableError`.
        """

    async def close(self) -> None:
        """Give back what the reader holds. Idempotent."""


class EventLog(Protocol):
    """A durable, partitioned, append-only log. Offsets of a partition start at 0 and have no gap.

    The partition of a record is `core.ids.partition_of(key, partitions)`. Safe for use by many
    tasks, and from more than one event loop.
    """

    @property
    def partitions(self) -> int:
        """How many partitions there are; fixed when the log was made."""

    async def append(self, record: NewRecord) -> Position:
        """Append, and answer when the record is durable (fsynced).

        Two appends of one key, the second begun after the first was answered, stand in that order.
        Raises `LogUnavailableError` where it certainly was not and never will be appended,
        `AppendUnknownError` where it may be or may yet become so. A cancelled append is unknown.
        """

    async def ends(self) -> list[int]:
        """For each partition the offset that the next record will get."""

    async def reader(self, start: Mapping[int, int]) -> LogReader:
        """A reader of the partitions in `start`, each from the given offset."""

    async def close(self) -> None:
        """Finish what was begun and give back what is held. Idempotent."""
