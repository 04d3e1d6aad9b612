"""Counts of what comes too often for a question to Redis each: every process counts by itself, and
some times a second adds what it counted to the sums of all, which it learns thereby.

So a caller may get a little more than its budget, by what it asks of several processes within one
such pause. While Redis does not answer, each process goes by what it knows.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Final

from cachetools import LRUCache
from limits.aio.storage.base import Storage
from redis.asyncio import Redis
from redis.exceptions import RedisError

_PAUSE_S: Final = 0.1
_KEYS_MAX: Final = 1_000  # of one call: Redis does nothing else meanwhile

# KEYS: windows. ARGV: of each what is to be added, and its length in ms. → of each the sum and the
# ms that are left.
_ADD: Final = """
local answer = {}
for i = 1, #KEYS do
  local sum = redis.call('INCRBY', KEYS[i], ARGV[2 * i - 1])
  local left = redis.call('PTTL', KEYS[i])
  if left < 0 then
    left = tonumber(ARGV[2 * i])
    redis.call('PEXPIRE', KEYS[i], left)
  end
  answer[2 * i - 1] = sum
  answer[2 * i] = left
end
return answer
"""


@dataclass(slots=True)
class _Window:
    """`others`: the sum in Redis, when it was last asked; `own`: not added to it yet."""

    others: int
    own: int
    length_s: int
    ends_at: float


class GatheredCounters(Storage):
    """A storage of `limits` that knows at most `most` windows: those asked for longest ago go."""

    STORAGE_SCHEME = None

    def __init__(self, redis: Redis, prefix: str, most: int) -> None:
        super().__init__()
        self._redis = redis
        self._prefix = prefix
        self._add = redis.register_script(_ADD)
        self._windows: LRUCache[str, _Window] = LRUCache(most)
        self._changed: set[str] = set()
        self._gathering: asyncio.Task[None] | None = None

    @property
    def base_exceptions(self) -> type[Exception]:
        return RedisError

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        window = self._open(key)
        if window is None:
            window = self._windows[key] = _Window(0, 0, expiry, time.time() + expiry)
        window.own += amount
        self._changed.add(key)
        if self._gathering is None:
            self._gathering = asyncio.create_task(self._gather(), name="gather")
        return window.others + window.own

    async def get(self, key: str) -> int:
        window = self._open(key)
        return 0 if window is None else window.others + window.own

    async def get_expiry(self, key: str) -> float:
        window = self._open(key)
        return time.time() if window is None else window.ends_at

    async def check(self) -> bool:
        return bool(await self._redis.ping())

    async def reset(self) -> int | None:
        self._windows.clear()
        self._changed.clear()
        return None

    async def clear(self, key: str) -> None:
        self._windows.pop(key, None)
        await self._redis.delete(self._name(key))

    async def close(self) -> None:
        """Finish what was begun; the connections stay open."""
        if self._gathering is not None:
            await self._gathering

    async def _gather(self) -> None:
        await asyncio.sleep(_PAUSE_S)
        self._gathering = None  # what comes from here on is gathered anew
        changed, self._changed = list(self._changed), set()
        for start in range(0, len(changed), _KEYS_MAX):
            try:
                await self._exchange(changed[start : start + _KEYS_MAX])
            except (RedisError, OSError):
                return  # it stays with the windows, and goes along next time

    async def _exchange(self, keys: list[str]) -> None:
        windows = {key: window for key in keys if (window := self._open(key)) and window.own}
        added = {key: window.own for key, window in windows.items()}
        numbers = [(added[key], window.length_s * 1000) for key, window in windows.items()]
        told = await self._add([*map(self._name, windows)], [n for pair in numbers for n in pair])
        now = time.time()
        for at, (key, window) in enumerate(windows.items()):
            window.own -= added[key]
            window.others = told[2 * at]
            window.ends_at = now + told[2 * at + 1] / 1000

    def _open(self, key: str) -> _Window | None:
        window = self._windows.get(key)
        return None if window is None or window.ends_at <= time.time() else window

    def _name(self, key: str) -> str:
        return f"{self._prefix}:{key}"
