"""A ledger that follows a log: the facts up to any moment that is asked for."""

from collections.abc import Sequence
from typing import Final, Self

from foldline.core.ledger import Ledger
from foldline.errors import MisconfiguredError
from foldline.log.port import EventLog, LogReader, Record
from streams.sift import sift

_RECORDS: Final = 2_000
_WAIT_S: Final = 5.0


class TailedLedger:
    """A ledger and its place in the log. Not to be shared between tasks."""

    def __init__(self, log: EventLog, reader: LogReader, epoch: int) -> None:
        self.ledger = Ledger(log.partitions)
        self._partitions = log.partitions
        self._reader = reader
        self._epoch = epoch

    @classmethod
    async def open(cls, log: EventLog, epoch: int) -> Self:
        """A ledger of nothing yet."""
        return cls(log, await log.reader(dict.fromkeys(range(log.partitions), 0)), epoch)

    async def advance(self, ends: Sequence[int]) -> None:
        """Take at least all before `ends`. Raises `MisconfiguredError` at an event that is newer
        than this code."""
        while any(at < end for at, end in zip(self.ledger.positions, ends, strict=True)):
            self._take(await self._reader.take(_RECORDS, _WAIT_S))

    def _take(self, records: Sequence[Record]) -> None:
        progress = dict(enumerate(self.ledger.positions))
        sifted = sift(records, progress, {}, self._partitions, self._epoch)
        if sifted.halted:
            raise MisconfiguredError(f"the log has what this code can't read: {sifted.halted}")
        for item in sifted.items:
            self.ledger.take(*item.position, item.event)

    async def close(self) -> None:
        """Give back what the reader holds. Idempotent."""
        await self._reader.close()
