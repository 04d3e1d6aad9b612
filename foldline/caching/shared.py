"""The cache that processes share, as the levels of one process use it.

A page asks for values of several kinds at one moment, and a call costs more than a value: what is
asked for in one turn of the loop goes into one call, and so does what is to be kept.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from foldline.cache.port import Cache, Found
from foldline.caching.keys import Key, Kind
from foldline.caching.values import name_of

_GATHERED_S: Final = 0.02  # what one page reads lands bit by bit, and it must not wait for this


@dataclass(eq=False)
class _Asked:
    keys: list[str] = field(default_factory=list)
    answer: "asyncio.Task[Found] | None" = None


class Shared:
    """A cache of bytes under keys. While a drop is under way it has nothing."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._names = {kind: name_of(kind) for kind in Kind}
        self._to_drop: set[str] = set()
        self._dropping: asyncio.Task[None] | None = None
        self._asked: _Asked | None = None
        self._to_put: dict[tuple[bytes, float], dict[str, bytes]] = {}
        self._putting: asyncio.Task[None] | None = None

    async def get(self, kind: Kind, ids: Sequence[int]) -> tuple[dict[int, bytes], bytes | None]:
        """What is kept of `ids`, and the lease for those that are missing."""
        if self._dropping is not None:
            return {}, None
        if (asked := self._asked) is None:
            asked = self._asked = _Asked()
            asked.answer = asyncio.create_task(self._ask(asked), name="ask")
        asked.keys += [self._key(kind, each) for each in ids]
        assert asked.answer is not None
        found = await asyncio.shield(asked.answer)
        values = found.values
        return {i: values[k] for i in ids if (k := self._key(kind, i)) in values}, found.lease

    async def put(
        self, kind: Kind, values: Mapping[int, bytes], lease: bytes, ttl_s: float
    ) -> None:
        """Keep `values`, which were missing when the lease was given."""
        named = {self._key(kind, each): value for each, value in values.items()}
        self._to_put.setdefault((lease, ttl_s), {}).update(named)
        if self._putting is None:
            self._putting = asyncio.create_task(self._put_all(), name="put")
        await asyncio.shield(self._putting)

    def drop(self, keys: Collection[Key]) -> None:
        """In force at once: nothing is asked for until it is through, or given up."""
        self._to_drop.update(self._key(kind, key_id) for kind, key_id in keys)
        if self._to_drop and self._dropping is None:
            self._dropping = asyncio.create_task(self._drop_all(), name="drop")

    def forget(self) -> None:
        """Believe nothing that was kept before."""
        self._cache.forget()

    async def close(self) -> None:
        """Finish what was begun."""
        if self._dropping is not None:
            await self._dropping
        await self._cache.close()

    async def _ask(self, asked: _Asked) -> Found:
        self._asked = None  # who comes from here on asks anew
        return await self._cache.get_many(asked.keys)

    async def _put_all(self) -> None:
        await asyncio.sleep(_GATHERED_S)
        self._putting = None
        to_put, self._to_put = self._to_put, {}
        for (lease, ttl_s), named in to_put.items():
            await self._cache.set_many(named, lease, ttl_s)

    async def _drop_all(self) -> None:
        try:
            while self._to_drop:
                keys, self._to_drop = self._to_drop, set()
                await self._cache.drop_many(keys)
        finally:
            self._dropping = None

    def _key(self, kind: Kind, key_id: int) -> str:
        return f"{self._names[kind]}:{key_id}"
