"""The levels of one kind of value: this process's memory, the shared cache, the store.

A value that was read before a drop must not be kept after it. What is under way is a flight, and
stands beside the ids that it is for. A drop takes the id away from its flight: what lands then is
given to those who waited before, but not kept, and who comes later reads anew. In the shared cache
the same is done by leases, which hold against the reads of other processes too (`cache.port`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic

import structlog

from foldline.caching.keys import Kind
from foldline.caching.shared import Shared
from foldline.caching.shelf import Shelf
from foldline.caching.values import Format, V
from foldline.clock import Clock
from foldline.telemetry import CACHE_READS

Read = Callable[[Sequence[int]], Awaitable[Mapping[int, V]]]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many values are held in memory, and for how long any is kept."""

    most: int
    lifetime_s: float


@dataclass(eq=False)
class _Flight(Generic[V]):
    landed: "asyncio.Future[dict[int, V]]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    task: "asyncio.Task[None] | None" = None


class Levels(Generic[V]):
    """Values of one kind by id, read through."""

    def __init__(
        self,
        kind: Kind,
        form: Format[V],
        read: Read[V],
        sizes: Sizes,
        shared: Shared | None,
        clock: Clock,
    ) -> None:
        self._kind: Final = kind
        self._form = form
        self._read = read
        self._sizes = sizes
        self._shared = shared
        self._clock = clock
        self._shelf: Shelf[int, V] = Shelf(sizes.most, sizes.lifetime_s)
        self._flights: dict[int, _Flight[V]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._told = {
            (level, outcome): CACHE_READS.labels(kind, level, outcome)
            for level in ("memory", "shared")
            for outcome in ("hit", "miss")
        }

    async def get(self, ids: Iterable[int]) -> dict[int, V]:
        """The values of `ids` that there are. Errors are those of the store."""
        found, missing = self._shelf.take(ids, self._clock.monotonic())
        if found:
            self._told["memory", "hit"].inc(len(found))
        if not missing:
            return found
        self._told["memory", "miss"].inc(len(missing))
        for flight, wanted in self._under_way(missing).items():
            landed = await asyncio.shield(flight.landed)
            found.update({each: landed[each] for each in wanted if each in landed})
        return found

    def drop(self, key_id: int) -> None:
        """What is held is no longer so, nor is what is being read now."""
        self._shelf.drop(key_id)
        self._flights.pop(key_id, None)

    def empty(self) -> None:
        """Nothing is known any more."""
        self._shelf.clear()
        self._flights.clear()

    async def close(self) -> None:
        """Wait for what is under way."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _under_way(self, ids: list[int]) -> dict[_Flight[V], list[int]]:
        """The flights that bring `ids`: those of others, and a new one for the rest."""
        wanted: dict[_Flight[V], list[int]] = {}
        own: dict[int, None] = {}
        for each in ids:
            if (flight := self._flights.get(each)) is not None:
                wanted.setdefault(flight, []).append(each)
            else:
                own[each] = None
        if own:
            flight = _Flight()
            # A task of its own: who waits first may be cancelled, and others wait too.
            flight.task = asyncio.create_task(self._fly(flight, list(own)), name="read-through")
            self._tasks.add(flight.task)
            flight.task.add_done_callback(self._tasks.discard)
            self._flights.update(dict.fromkeys(own, flight))
            wanted[flight] = list(own)
        return wanted

    async def _fly(self, flight: _Flight[V], ids: list[int]) -> None:
        try:
            values, lease = await self._from_shared(ids)
            missing = [each for each in ids if each not in values]
            read = dict(await self._read(missing)) if missing else {}
            values |= read
        except asyncio.CancelledError:
            self._end(flight, ids)
            flight.landed.cancel()
            raise
        except Exception as error:
            self._end(flight, ids)
            flight.landed.set_exception(error)
            flight.landed.exception()  # maybe nobody waits any more
            return
        kept = self._end(flight, ids)
        self._shelf.put(
            {each: value for each, value in values.items() if each in kept},
            self._clock.monotonic(),
        )
        flight.landed.set_result(values)
        if self._shared is not None and lease is not None:
            put = {each: self._form.encode(v) for each, v in read.items() if each in kept}
            if put:
                await self._shared.put(self._kind, put, lease, self._sizes.lifetime_s)

    def _end(self, flight: _Flight[V], ids: list[int]) -> set[int]:
        """The ids that were not dropped under way."""
        own = {each for each in ids if self._flights.get(each) is flight}
        for each in own:
            del self._flights[each]
        return own

    async def _from_shared(self, ids: list[int]) -> tuple[dict[int, V], bytes | None]:
        if self._shared is None:
            return {}, None
        kept, lease = await self._shared.get(self._kind, ids)
        values: dict[int, V] = {}
        for each, value in kept.items():
            try:
                values[each] = self._form.decode(value)
            except ValueError as error:
                _log.warning("a cached value is none", kind=self._kind, id=each, why=str(error))
        self._told["shared", "hit"].inc(len(values))
        self._told["shared", "miss"].inc(len(ids) - len(values))
        return values, lease
