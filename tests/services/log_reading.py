"""Reading a log whole."""

from foldline.log.port import EventLog, Record


async def everything(log: EventLog) -> list[Record]:
    """All that is in the log, read to its end as it is now."""
    ends = await log.ends()
    reader = await log.reader(dict.fromkeys(range(log.partitions), 0))
    records: list[Record] = []
    try:
        while len(records) < sum(ends):
            taken = await reader.take(1000, 10.0)
            assert taken, f"{len(records)} of {ends} came"
            records += taken
    finally:
        await reader.close()
    return records
