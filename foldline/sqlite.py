"""A database file: one thread writes, a few read, and any event loop may await them.

Statements here carry many rows each, and answers come as one row of JSON: `sqlite3` gives the GIL
away at every step of a statement, and a busy event loop takes milliseconds to give it back. (Rows
one by one, beside a busy loop: 2,500 a second written, 130 ms for a page of 800 ids. As here:
210,000 and 9 ms.)
"""

import asyncio
import re
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from queue import LifoQueue
from typing import Any, Final, Literal, ParamSpec, Self, TypeVar

import orjson

from foldline.errors import FoldlineError
from foldline.settings import Settings

T = TypeVar("T")
P = ParamSpec("P")

ROWS_PER_STATEMENT: Final = 500  # of at most 32,766 parameters, SQLite's own limit
_VALUES: Final = re.compile(r"VALUES (\([?, ]+\))")
_DEFECTS: Final = (
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.NotSupportedError,
    sqlite3.ProgrammingError,
)
# At these the page that makes a commit was never written whole; at others it may have been.
_NOT_COMMITTED: Final = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE}


@dataclass(frozen=True, slots=True)
class Owner:
    """What a database is for. `synchronous`: FULL survives a power cut, NORMAL a killed process.
    Errors are raised as `unavailable`, or as `unknown` where a commit may have happened. It waits
    `busy_timeout_s` for other processes; at most `queue_max` writes and as many reads wait."""

    synchronous: Literal["FULL", "NORMAL"]
    unavailable: type[FoldlineError]
    unknown: type[FoldlineError]
    busy_timeout_s: float
    queue_max: int


class Database:
    """An open file in WAL mode. Made by `Database.open`."""

    def __init__(self, path: Path, owner: Owner, settings: Settings) -> None:
        self._path = path
        self._owner = owner
        self._settings = settings
        self._writers = ThreadPoolExecutor(1, f"{path.stem}-writer")
        self._readers = ThreadPoolExecutor(settings.sqlite_readers, f"{path.stem}-reader")
        # Room of their own: a queue full of writes must not keep the readers out.
        self._room = {
            threads: threading.BoundedSemaphore(owner.queue_max)
            for threads in (self._writers, self._readers)
        }
        self._idle: LifoQueue[sqlite3.Connection] = LifoQueue()
        self._connections: list[sqlite3.Connection] = []
        self._closing = threading.Lock()

    @classmethod
    async def open(
        cls, path: Path, migrations: Sequence[str], owner: Owner, settings: Settings
    ) -> Self:
        """Open the file, and make it where there is none. Of `migrations`, which are scripts, those
        that it lacks are applied, each once: what was applied must not change. Those of a later
        release are left alone."""
        database = cls(path, owner, settings)
        try:
            await asyncio.wrap_future(database.submit(database._connect, migrations))
        except BaseException:
            await database.close()
            raise
        return database

    async def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """What `query` finds, by a connection that no one else uses meanwhile."""
        return await asyncio.wrap_future(self._submit(self._readers, self._query, query))

    async def write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """Run `change` in a transaction of its own and commit. A cancelled call may yet write."""
        return await asyncio.wrap_future(self.submit(self.transact, change))

    def submit(self, job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run `job` in the writer's thread."""
        return self._submit(self._writers, job, *args, **kwargs)

    def transact(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """As `write`, for jobs in the writer's thread."""
        writer = self._connections[0]
        try:
            with self._named():
                writer.execute("BEGIN IMMEDIATE")
                result = change(writer)
            self._commit(writer)
        except BaseException:
            with suppress(sqlite3.Error):  # the first error is the one to tell
                if writer.in_transaction:
                    writer.execute("ROLLBACK")
            raise
        return result

    async def close(self) -> None:
        """Finish what was begun, then close the file. Idempotent."""
        await asyncio.to_thread(self._shut)

    def _submit(
        self,
        threads: ThreadPoolExecutor,
        job: Callable[P, T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Future[T]:
        room = self._room[threads]
        if not room.acquire(blocking=False):
            raise self._owner.unavailable(f"{self._path.name}: too many wait for it; try again")
        try:
            future = threads.submit(job, *args, **kwargs)
        except RuntimeError as error:
            room.release()
            raise self._owner.unavailable(f"{self._path.name} is closed") from error
        future.add_done_callback(lambda _: room.release())
        return future

    def _query(self, query: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._idle.get()
        try:
            with self._named():
                return query(connection)
        finally:
            self._idle.put(connection)

    def _commit(self, writer: sqlite3.Connection) -> None:
        try:
            writer.execute("COMMIT")
        except sqlite3.Error as error:
            certain = error.sqlite_errorcode in _NOT_COMMITTED
            kind = self._owner.unavailable if certain else self._owner.unknown
            raise kind(f"{self._path}: {error}") from error

    def _connect(self, migrations: Sequence[str]) -> None:
        with self._named():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            writer = self._connection()
            writer.execute("PRAGMA journal_mode = WAL")
            _migrate(writer, migrations)
            for _ in range(self._settings.sqlite_readers):
                reader = self._connection()
                reader.execute("PRAGMA query_only = ON")
                self._idle.put(reader)

    def _connection(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path,
            timeout=self._owner.busy_timeout_s,
            isolation_level=None,
            check_same_thread=False,
        )
        self._connections.append(connection)
        connection.execute(f"PRAGMA synchronous = {self._owner.synchronous}")
        connection.execute(f"PRAGMA cache_size = -{self._settings.sqlite_cache_kib}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {self._settings.sqlite_wal_pages}")
        return connection

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Trouble with the file becomes the owner's error; a defect of ours stays what it is."""
        try:
            yield
        except _DEFECTS:
            raise
        except (sqlite3.Error, OSError) as error:
            raise self._owner.unavailable(f"{self._path}: {error}") from error

    def _shut(self) -> None:
        self._readers.shutdown()
        self._writers.shutdown()
        with self._closing:  # one after the other, the writer last: it empties the WAL
            for connection in reversed(self._connections):
                connection.close()


def _migrate(writer: sqlite3.Connection, migrations: Sequence[str]) -> None:
    with writer:  # one transaction: another process may be at it too
        writer.execute("BEGIN IMMEDIATE")
        (applied,) = writer.execute("PRAGMA user_version").fetchone()
        for number, script in enumerate(migrations[applied:], applied + 1):
            for statement in _statements(script):
                writer.execute(statement)
            writer.execute(f"PRAGMA user_version = {number}")


def _statements(script: str) -> Iterator[str]:
    some = ""
    for line in script.splitlines(keepends=True):
        some += line
        if sqlite3.complete_statement(some):
            yield some
            some = ""


def answer(connection: sqlite3.Connection, query: str, *values: object) -> Any:
    """The JSON that `query` answers with, in one row of one column, parsed."""
    return orjson.loads(connection.execute(query, values).fetchone()[0])


def write_rows(
    connection: sqlite3.Connection, statement: str, rows: Iterable[Sequence[object]]
) -> None:
    """Execute `statement`, written for one row (`VALUES (?, …)`), for many rows at a time."""
    left = iter(rows)
    while part := list(islice(left, ROWS_PER_STATEMENT)):
        wide = _VALUES.sub(lambda match: "VALUES " + ", ".join([match[1]] * len(part)), statement)
        connection.execute(wide, list(chain.from_iterable(part)))
