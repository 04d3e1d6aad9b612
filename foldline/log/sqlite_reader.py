"""Reading the log's file: from any offset, waiting at the end."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import msgspec

from foldline.core.position import OFFSET_BITS, Position
from foldline.errors import GapInLogError
from foldline.log.port import Headers, Record
from foldline.sqlite import Database, answer

_NEXT: Final = """
SELECT json_group_array(json_array(place, value IS NULL, hex(value), hex(headers), appended_at))
FROM (SELECT * FROM events WHERE place >= ? AND place < ? ORDER BY place LIMIT ?)
"""
_HEADERS: Final = msgspec.msgpack.Decoder(Headers)
_Waker = tuple[asyncio.AbstractEventLoop, asyncio.Event]


class Bell:
    """Tells readers on any event loop that something was appended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wakers: set[_Waker] = set()

    def add(self, waker: _Waker) -> None:
        with self._lock:
            self._wakers.add(waker)

    def remove(self, waker: _Waker) -> None:
        with self._lock:
            self._wakers.discard(waker)

    def ring(self) -> None:
        """Wake all readers, from any thread."""
        with self._lock:
            for loop, event in list(self._wakers):
                try:
                    loop.call_soon_threadsafe(event.set)
                except RuntimeError:  # its loop was closed before it
                    self._wakers.discard((loop, event))


class SqliteReader:
    """`log.port.LogReader` on a database file. What this process appends wakes it; for what others
    append it looks every `poll_s` seconds while someone waits."""

    def __init__(
        self, database: Database, bell: Bell, start: Mapping[int, int], poll_s: float
    ) -> None:
        self._database = database
        self._bell = bell
        self._poll_s = poll_s
        self._next = dict(start)
        self._woken = asyncio.Event()
        self._waker = (asyncio.get_running_loop(), self._woken)
        bell.add(self._waker)

    async def take(self, limit: int, wait_s: float) -> list[Record]:
        deadline = time.monotonic() + wait_s
        while True:
            self._woken.clear()
            start = dict(self._next)
            records = await self._database.read(lambda c: _read(c, start, limit))  # noqa: B023
            for partition, offset in (record.position for record in records):
                self._next.pop(partition)  # to the back: a full one must not starve the others
                self._next[partition] = offset + 1
            left_s = deadline - time.monotonic()
            if records or left_s <= 0:
                return records
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left_s, self._poll_s)):
                    await self._woken.wait()

    async def close(self) -> None:
        self._bell.remove(self._waker)


def _read(connection: sqlite3.Connection, start: Mapping[int, int], limit: int) -> list[Record]:
    found: list[Record] = []
    for partition, offset in start.items():
        if len(found) < limit:
            found += _records(connection, partition, offset, limit - len(found))
    return found


def _records(
    connection: sqlite3.Connection, partition: int, offset: int, limit: int
) -> list[Record]:
    first = partition << OFFSET_BITS
    rows = answer(connection, _NEXT, first + offset, first + (1 << OFFSET_BITS), limit)
    for at, row in enumerate(rows, offset):
        if row[0] != first + at:
            raise GapInLogError(f"the log does not hold {Position(partition, at)} any more")
    return [
        Record(
            Position(partition, place - first),
            None if null else bytes.fromhex(value),
            _HEADERS.decode(bytes.fromhex(headers)),
            appended_at,
        )
        for place, null, value, headers, appended_at in rows
    ]
