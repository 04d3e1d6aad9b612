"""A partition of the log from its beginning, as events: for whoever folds it anew."""

from collections.abc import AsyncGenerator, Sequence
from typing import Final, NamedTuple

from foldline.errors import MisconfiguredError
from foldline.log.port import EventLog, Record
from streams.sift import Entry, Poison, sift

APPENDED_AT: Final = "appended-at"
_RECORDS: Final = 2_000
_WAIT_S: Final = 5.0


class Stretch(NamedTuple):
    """Records that follow each other, and what each of them is."""

    records: Sequence[Record]
    items: Sequence[Entry | Poison]


def time_of(record: Record) -> int:
    """When an event was appended, ms since 1970: a copy says when the first was."""
    said = dict(record.headers).get(APPENDED_AT)
    return record.appended_at if said is None else int(said)


async def stretches(
    log: EventLog, partition: int, end: int, epoch: int
) -> AsyncGenerator[Stretch, None]:
    """All before offset `end`, in order; an empty one when none came for a while. Raises
    `MisconfiguredError` at an event that is newer than this code."""
    if not end:
        return
    reader, at = await log.reader({partition: 0}), 0
    try:
        while at < end:
            taken = await reader.take(min(_RECORDS, end - at), _WAIT_S)
            records = [record for record in taken if record.position.offset < end]
            sifted = sift(records, {partition: at}, {}, log.partitions, epoch)
            if sifted.halted:
                raise MisconfiguredError(
                    f"this code is too old for the log: {sifted.halted[partition]}"
                )
            at += len(records)
            yield Stretch(records, sifted.items)
    finally:
        await reader.close()
