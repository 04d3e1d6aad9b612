"""The facts of the log as they were: at positions, or at a time by the log's own clock."""

from collections.abc import Sequence

from foldline.core.ledger import Ledger
from foldline.core.position import Position
from foldline.errors import InvalidError
from foldline.log.port import EventLog
from streams.reading import stretches, time_of


async def ledger_at(log: EventLog, epoch: int, ends: Sequence[int]) -> Ledger:
    """The ledger of all before `ends`, of each partition."""
    ledger = Ledger(log.partitions)
    for partition, end in enumerate(ends):
        async for stretch in stretches(log, partition, end, epoch):
            for item in stretch.items:
                ledger.take(*item.position, item.event)
    return ledger


async def ends_at(log: EventLog, epoch: int, at_ms: int) -> list[int]:
    """Of each partition the first offset that was appended after a time (ms since 1970)."""
    found = []
    for partition, end in enumerate(await log.ends()):
        reached = 0
        async for stretch in stretches(log, partition, end, epoch):
            for record in stretch.records:
                if time_of(record) <= at_ms:
                    reached = record.position.offset + 1
        found.append(reached)
    return found


async def ends_behind(log: EventLog, epoch: int, positions: Sequence[Position]) -> list[int]:
    """Just behind these positions; of the other partitions, what was appended until the last of
    them was. Raises `InvalidError` for a position that the log does not have."""
    ends, last_ms = await log.ends(), 0
    for at in positions:
        if at.partition >= len(ends) or at.offset >= ends[at.partition]:
            raise InvalidError(f"the log has nothing at {at}")
        reader = await log.reader({at.partition: at.offset})
        try:
            last_ms = max(last_ms, time_of((await reader.take(1, 5.0))[0]))
        finally:
            await reader.close()
    found = await ends_at(log, epoch, last_ms)
    for partition, offset in positions:
        found[partition] = offset + 1
    return found
