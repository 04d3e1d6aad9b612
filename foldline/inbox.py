"""What other threads have for an event loop, taken in by many at one wake-up: each wake-up alone
costs a write to a pipe and a change of threads."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress


class Inbox:
    """Of one event loop. Bounded by its users: an entry is the answer to something they asked."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[Callable[[], None]] = deque()
        self._awake = False

    def put(self, call: Callable[[], None]) -> None:
        """Have `call` run in the loop, in turn. From any thread; it does nothing if the loop was
        closed, when nobody waits any more."""
        self._waiting.append(call)  # before the look at the sign: see _take
        if not self._awake:
            self._awake = True
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._take)

    def _take(self) -> None:
        # The sign first: who puts something in from here on either is still seen below, or wakes.
        self._awake = False
        while self._waiting:
            self._waiting.popleft()()
