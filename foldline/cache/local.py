"""The shared cache where there is one process only: bytes in its memory, bounded."""

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

from cachetools import TLRUCache

from foldline.cache.port import Cache, Found
from foldline.settings import Settings

_LEASE_S: Final = 5.0
_OVERHEAD: Final = 200  # bytes of an entry beside its key and value


class _Held(NamedTuple):
    """A value, or (None) the lease to put one here."""

    value: bytes | None
    lease: bytes
    lifetime_s: float


def _ends(_key: str, held: _Held, now: float) -> float:
    return now + held.lifetime_s


def _size(held: _Held) -> int:
    return _OVERHEAD + len(held.value or b"")


async def open_local_cache(settings: Settings, prefix: str) -> Cache:
    """A cache of this process alone, which needs no prefix."""
    return LocalCache(settings.cache_local_bytes)


class LocalCache:
    """`cache.port.Cache` in memory, of at most so many bytes."""

    def __init__(self, most_bytes: int) -> None:
        self._held: TLRUCache[str, _Held] = TLRUCache(
            most_bytes, ttu=_ends, timer=time.monotonic, getsizeof=_size
        )
        self._leases = 0

    async def get_many(self, keys: Sequence[str]) -> Found:
        self._leases += 1
        lease = self._leases.to_bytes(8, "big")
        values: dict[str, bytes] = {}
        for key in keys:
            held = self._held.get(key)
            if held is None:
                self._put(key, _Held(None, lease, _LEASE_S))
            elif held.value is not None:
                values[key] = held.value
        return Found(values, lease)

    async def set_many(self, values: Mapping[str, bytes], lease: bytes, ttl_s: float) -> None:
        for key, value in values.items():
            held = self._held.get(key)
            if held is not None and held.value is None and held.lease == lease:
                self._put(key, _Held(value, lease, ttl_s))

    async def drop_many(self, keys: Collection[str]) -> None:
        for key in keys:
            self._held.pop(key, None)

    def forget(self) -> None:
        self._held.clear()

    async def close(self) -> None:
        self.forget()

    def _put(self, key: str, held: _Held) -> None:
        if _size(held) <= self._held.maxsize:
            self._held[key] = held
