"""The log in one SQLite file, with group commit: one fsync covers all appends that wait for it."""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from typing import Final

import msgspec

from foldline.clock import SystemClock
from foldline.core.ids import partition_of
from foldline.core.position import OFFSET_BITS, Position
from foldline.errors import (
    AppendUnknownError,
    FoldlineError,
    InvalidError,
    LogUnavailableError,
    MisconfiguredError,
)
from foldline.log.port import EventLog, LogReader, NewRecord
from foldline.log.sqlite_reader import Bell, SqliteReader
from foldline.settings import Settings
from foldline.sqlite import Database, Owner, answer, write_rows

# `place` is (partition << 40) + offset: one key, and each partition lies together.
_MIGRATIONS: Final = (
    """
CREATE TABLE IF NOT EXISTS log (partitions INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS events (
    place INTEGER PRIMARY KEY,
    value BLOB,
    headers BLOB NOT NULL,
    appended_at INTEGER NOT NULL
);
""",
)
_APPEND: Final = "INSERT INTO events (place, value, headers, appended_at) VALUES (?, ?, ?, ?)"
_ENDS: Final = """
SELECT json_group_array((
    SELECT coalesce(max(place) + 1, number.value << 40) FROM events
    WHERE place >= number.value << 40 AND place < (number.value + 1) << 40
)) FROM json_each(?) AS number
"""
_OFFSET: Final = (1 << OFFSET_BITS) - 1

_Append = tuple[NewRecord, "Future[Position]"]


async def open_sqlite_log(settings: Settings) -> EventLog:
    """The log in the data directory, made where there is none.

    Raises `LogUnavailableError`, and `MisconfiguredError` where the log that is there has another
    number of partitions than the settings ask for.
    """
    path = settings.log_path
    owner = Owner(
        synchronous="FULL",
        unavailable=LogUnavailableError,
        unknown=AppendUnknownError,
        busy_timeout_s=settings.append_timeout_s / 2,
        queue_max=settings.append_queue_max,
    )
    database = await Database.open(path, _MIGRATIONS, owner, settings)
    try:
        partitions = await database.write(lambda c: _partitions(c, settings.partition_count))
        if settings.partitions not in (0, partitions):
            raise MisconfiguredError(
                f"the log in {path} has {partitions} partitions, the settings say "
                f"{settings.partitions}; the count is fixed when a log is made: set it to "
                f"{partitions} or 0, or begin a new log in another data directory"
            )
    except BaseException:
        await database.close()
        raise
    return SqliteLog(database, partitions, settings)


class SqliteLog:
    """`log.port.EventLog` on a database file."""

    def __init__(self, database: Database, partitions: int, settings: Settings) -> None:
        self._database = database
        self._partitions = partitions
        self._settings = settings
        self._clock = SystemClock()
        self._waiting: deque[_Append] = deque()
        self._called = False
        self._bell = Bell()

    @property
    def partitions(self) -> int:
        return self._partitions

    async def append(self, record: NewRecord) -> Position:
        size, most = len(record.value), self._settings.max_event_bytes
        if size > most:
            raise InvalidError(f"the event has {size} bytes, the most is {most}")
        if len(self._waiting) >= self._settings.append_queue_max:
            raise LogUnavailableError("too many appends wait for the log; try again")
        appended: Future[Position] = Future()
        self._waiting.append((record, appended))
        try:
            self._call()
        except LogUnavailableError:
            if appended.cancel():
                raise  # else an earlier job took it along: it is under way as any other
        try:
            async with asyncio.timeout(self._settings.append_timeout_s):
                return await asyncio.wrap_future(appended)
        except TimeoutError as error:
            if appended.cancel():
                raise LogUnavailableError("the log is too busy; nothing was appended") from error
            raise AppendUnknownError("the log did not answer in time") from error

    async def ends(self) -> list[int]:
        return await self._database.read(lambda c: _ends(c, range(self._partitions)))

    async def reader(self, start: Mapping[int, int]) -> LogReader:
        return SqliteReader(self._database, self._bell, start, self._settings.tail_poll_s)

    async def close(self) -> None:
        await self._database.close()

    def _call(self) -> None:
        """Have a job run that takes all that wait now, unless one is on its way: with one for each
        append they would outnumber the groups, and fill the writer's queue."""
        if not self._called:
            self._called = True
            try:
                self._database.submit(self._append_waiting)
            except LogUnavailableError:
                self._called = False
                raise

    def _append_waiting(self) -> None:
        """Append all that wait, in the writer's thread; the job of the first does it for many."""
        self._called = False  # before anything is taken: who comes from here on calls anew
        try:
            self._append_group()
        finally:
            if self._waiting:
                with suppress(LogUnavailableError):  # they time out
                    self._call()

    def _append_group(self) -> None:
        group: list[_Append] = []
        while self._waiting and len(group) < self._settings.append_group_max:
            record, appended = self._waiting.popleft()
            if appended.set_running_or_notify_cancel():
                group.append((record, appended))
        if not group:
            return
        records = [record for record, _ in group]
        try:
            positions = self._database.transact(lambda c: self._write(c, records))
        except FoldlineError as error:
            for _, appended in group:
                appended.set_exception(type(error)(str(error)))
        except BaseException as error:
            for _, appended in group:
                appended.set_exception(error)
            raise
        else:
            for (_, appended), position in zip(group, positions, strict=True):
                appended.set_result(position)
            self._bell.ring()

    def _write(self, connection: sqlite3.Connection, records: list[NewRecord]) -> list[Position]:
        partitions = [partition_of(record.key, self._partitions) for record in records]
        ends = dict(enumerate(_ends(connection, range(self._partitions))))
        now_ms = self._clock.now_ms()
        positions, rows = [], []
        for record, partition in zip(records, partitions, strict=True):
            position = Position(partition, ends[partition])
            ends[partition] += 1
            positions.append(position)
            place = (partition << OFFSET_BITS) + position.offset
            rows.append((place, record.value, msgspec.msgpack.encode(record.headers), now_ms))
        write_rows(connection, _APPEND, rows)
        return positions


def _ends(connection: sqlite3.Connection, partitions: range) -> list[int]:
    places = answer(connection, _ENDS, str(list(partitions)))
    return [place & _OFFSET for place in places]


def _partitions(connection: sqlite3.Connection, wanted: int) -> int:
    connection.execute("INSERT INTO log SELECT ? WHERE NOT EXISTS (SELECT 1 FROM log)", (wanted,))
    (partitions,) = connection.execute("SELECT partitions FROM log").fetchone()
    return int(partitions)
