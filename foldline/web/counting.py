"""What is counted of each window, in the memory of one process.

The memory of `limits` itself looks at all it holds on every request, and holds as much as it is
given: 4 ms of the loop a request with 20,000 callers. Here a request costs a look at its own.
"""

import time
from dataclasses import dataclass

from cachetools import LRUCache
from limits.aio.storage.base import Storage


@dataclass(slots=True)
class _Window:
    count: int
    ends_at: float


class MemoryCounters(Storage):
    """A storage of `limits` that knows at most `most` windows: those asked for longest ago go."""

    STORAGE_SCHEME = None

    def __init__(self, most: int) -> None:
        super().__init__()
        self._windows: LRUCache[str, _Window] = LRUCache(most)

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        window = self._open(key)
        if window is None:
            window = self._windows[key] = _Window(0, time.time() + expiry)
        window.count += amount
        return window.count

    async def get(self, key: str) -> int:
        window = self._open(key)
        return 0 if window is None else window.count

    async def get_expiry(self, key: str) -> float:
        window = self._open(key)
        return time.time() if window is None else window.ends_at

    async def check(self) -> bool:
        return True

    async def reset(self) -> int:
        known = len(self._windows)
        self._windows.clear()
        return known

    async def clear(self, key: str) -> None:
        self._windows.pop(key, None)

    def _open(self, key: str) -> _Window | None:
        window = self._windows.get(key)
        return None if window is None or window.ends_at <= time.time() else window
