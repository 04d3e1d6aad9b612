"""A Cassandra session for asyncio: the driver works in a thread of its own, and answers come back
to whichever loop asked."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sized
from itertools import islice
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import stamina
from cassandra import WriteTimeout
from cassandra.cluster import ResultSet
from cassandra.query import UNSET_VALUE

from foldline.cassandra_driver import (
    AT_FAULT,
    connect,
    driver_errors,
    never_sent,
    sentence,
    too_much,
)
from foldline.core.ids import IntArray
from foldline.errors import MisconfiguredError, UnavailableError
from foldline.gate import Gate
from foldline.inbox import Inbox
from foldline.packed_rows import PackedRow, RowPacker, packed_batch
from foldline.settings import Settings

Row = tuple[Any, ...]
Write = tuple[Any, ...]
"""The name of a statement, then its parameters."""
T = TypeVar("T")

_SWAPS_MAX: Final = 8
_PARTITIONS_PER_REQUEST: Final = 10  # of more a server warns by default
_SORTED_AT_ONCE: Final = 5_000
_BUSY_S: Final = (0.01, 0.03, 0.1, 0.3, 1.0)  # for a connection that takes no more just now
_BYTES_MAX: Final = 32 << 10  # of the rows of a request that has several writes


def _contended(error: Exception) -> bool:
    """Whether an LWT lost to others so often that its outcome is unknown."""
    return isinstance(error.__cause__, WriteTimeout)


class _Door(NamedTuple):
    """Of one event loop: how its requests go out, and how the answers come in."""

    gate: Gate
    inbox: Inbox


class _Page(NamedTuple):
    columns: list[str]
    rows: list[Row]
    next: bytes | None


class CassandraSession:
    """Prepared statements by name, in one keyspace. For use from any number of event loops.

    Every method raises the owner's `UnavailableError` where the store can't answer in time; a
    write may then stand or not.
    """

    def __init__(
        self,
        session: Any,
        prepared: Mapping[str, Any],
        unavailable: type[UnavailableError],
        in_flight: int,
    ) -> None:
        self._session = session
        self._prepared = prepared
        self._unavailable = unavailable
        self._in_flight = in_flight
        self._packers: dict[str, RowPacker] = {}
        self._doors: WeakKeyDictionary[asyncio.AbstractEventLoop, _Door] = WeakKeyDictionary()

    def bind(self, name: str, *values: object) -> Any:
        """The named statement with its parameters. None leaves a column as it is: a null would be
        a tombstone."""
        return self._prepared[name].bind([UNSET_VALUE if v is None else v for v in values])

    def packed(self, name: str, *values: object) -> PackedRow:
        """The same as a row of a batch."""
        packer = self._packers.get(name)
        if packer is None:
            packer = self._packers[name] = RowPacker(self._prepared[name])
        return packer.row(values)

    def prepared(self, name: str) -> Any:
        """The driver's prepared statement of this name."""
        return self._prepared[name]

    async def execute(self, name: str, *values: object) -> None:
        """Write."""
        await self.run(self.bind(name, *values))

    async def write(self, rows: Iterable[Write]) -> None:
        """Write all rows, by a few a request, in no order: none of them may depend on another."""
        await self.for_each(self.run, self._handfuls(rows))

    def _handfuls(self, rows: Iterable[Write]) -> Iterator[Any]:
        # Unlogged, and of several partitions: that is no more than a cheaper way to send them.
        some: list[PackedRow] = []
        keys: set[bytes] = set()
        size = 0
        for row in self._by_partition(rows):
            key, wire = row
            full = len(keys) == _PARTITIONS_PER_REQUEST and key not in keys
            if some and (full or size + len(wire) > _BYTES_MAX):
                yield packed_batch(some, self._keyspace)
                some, keys, size = [], set(), 0
            some.append(row)
            keys.add(key)
            size += len(wire)
        if some:
            yield packed_batch(some, self._keyspace)

    def _by_partition(self, rows: Iterable[Write]) -> Iterator[PackedRow]:
        # What one request has of a partition, in several tables too, is one mutation.
        todo = iter(rows)
        while some := [self.packed(*write) for write in islice(todo, _SORTED_AT_ONCE)]:
            yield from sorted(some, key=itemgetter(0))

    @property
    def _keyspace(self) -> str:
        keyspace: str = self._session.keyspace
        return keyspace

    async def swap(self, name: str, *values: object) -> dict[str, Any] | None:
        """Compare and set. None if it was applied, else what stands instead: of a row that is not
        there, nothing. Under contention it is repeated, so what stands may be the caller's own."""
        async for attempt in stamina.retry_context(
            on=_contended, attempts=_SWAPS_MAX, wait_initial=0.05, wait_max=0.5
        ):
            with attempt:
                page = await self.run(self.bind(name, *values))
        answer = dict(zip(page.columns, page.rows[0], strict=True))
        return None if answer.pop("[applied]") else answer

    async def rows(self, name: str, *values: object) -> list[Row]:
        """All rows, page by page."""
        statement = self.bind(name, *values)
        rows: list[Row] = []
        at: bytes | None = None
        while True:
            page = await self.run(statement, at)
            rows += page.rows
            at = page.next
            if at is None:
                return rows

    async def ids(self, name: str, *values: object) -> IntArray:
        """The first column of all rows, in their order."""
        rows = await self.rows(name, *values)
        return np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))

    async def run(self, statement: Any, paging_state: bytes | None = None) -> _Page:
        """Run a bound statement or a batch. A cancelled call may yet write."""
        for pause_s in _BUSY_S:
            try:
                return await self._run(statement, paging_state)
            except self._unavailable as error:
                if not never_sent(error.__cause__):
                    raise
            await asyncio.sleep(pause_s)
        return await self._run(statement, paging_state)

    async def _run(self, statement: Any, paging_state: bytes | None) -> _Page:
        loop = asyncio.get_running_loop()
        door = self._doors.get(loop)
        if door is None:
            door = self._doors[loop] = _Door(Gate(self._in_flight), Inbox(loop))
        entered = await door.gate.enter()
        answer: asyncio.Future[_Page] = loop.create_future()

        def settle(page: _Page | None, error: Exception | None) -> None:
            # Here, not when the caller gives up: the request is out until now.
            door.gate.leave(entered, timed_out=too_much(error))
            if answer.cancelled():
                return
            if page is not None:
                answer.set_result(page)
            elif error is not None:
                answer.set_exception(self._translated(error))

        def arrived(rows: list[Row] | None) -> None:
            result = ResultSet(response, rows)
            page = _Page(result.column_names or [], rows or [], result.paging_state)
            door.inbox.put(lambda: settle(page, None))

        def failed(error: Exception) -> None:
            door.inbox.put(lambda: settle(None, error))

        response = self._session.execute_async(statement, paging_state=paging_state)
        response.add_callbacks(arrived, failed)
        return await answer

    async def for_each(self, act: Callable[[T], Awaitable[object]], items: Iterable[T]) -> None:
        """`act` on every item, as many at once as requests may be in flight. The first error stops
        the rest, and is raised when all that was begun is over."""
        if isinstance(items, Sized) and len(items) == 1:
            for item in items:
                await act(item)
            return
        todo = iter(items)
        width = min(self._in_flight, len(items)) if isinstance(items, Sized) else self._in_flight

        async def work() -> None:
            for item in todo:
                await act(item)

        try:
            async with asyncio.TaskGroup() as workers:
                for _ in range(width):
                    workers.create_task(work())
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None

    async def close(self) -> None:
        """End the session, its connections and threads. Idempotent."""
        await asyncio.to_thread(self._session.cluster.shutdown)

    def _translated(self, error: Exception) -> Exception:
        if isinstance(error, AT_FAULT):
            return error
        unavailable = self._unavailable(sentence(error))
        unavailable.__cause__ = error
        return unavailable


async def open_session(
    settings: Settings,
    keyspace: str,
    statements: Mapping[str, str],
    unavailable: type[UnavailableError],
) -> CassandraSession:
    """A session in `keyspace`, with all statements (name → text) prepared.

    Raises `unavailable` where no host answers, `MisconfiguredError` where the schema is not there.
    """

    def connect_and_prepare() -> CassandraSession:
        with driver_errors(unavailable):
            session = connect(settings, keyspace)
            try:
                prepared = {name: _prepare(session, text) for name, text in statements.items()}
            except BaseException:
                session.cluster.shutdown()
                raise
        return CassandraSession(session, prepared, unavailable, settings.requests_in_flight)

    try:
        return await asyncio.to_thread(connect_and_prepare)
    except AT_FAULT as error:
        raise MisconfiguredError(
            f"keyspace {keyspace} is not what this version needs: {error}. Run `foldline migrate`"
        ) from error


def _prepare(session: Any, text: str) -> Any:
    prepared = session.prepare(text)
    prepared.is_idempotent = True
    if " IN ? " in text and "ORDER BY" in text:
        prepared.fetch_size = None  # Cassandra can't page what it sorts over several partitions
    return prepared
