"""A process that appends to the log in DATA_DIR without end, and says what was acknowledged."""

import asyncio
import sys
from itertools import count
from pathlib import Path

from foldline.log.port import EventLog, NewRecord
from foldline.log.sqlite import open_sqlite_log
from foldline.settings import Settings


async def write(log: EventLog, writer: int) -> None:
    for number in count():
        value = f"{writer}/{number}"
        position = await log.append(NewRecord(writer, value.encode()))
        print(position, value, flush=True)


async def main() -> None:
    log = await open_sqlite_log(Settings(data_dir=Path(sys.argv[1])))
    await asyncio.gather(*(write(log, writer) for writer in range(int(sys.argv[2]))))


asyncio.run(main())
