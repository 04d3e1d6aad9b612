"""How many requests may be in flight: what the store keeps up with.

Additive up, multiplicative down: every answer in time adds a little, so that a full round of them
adds one; a time-out halves it. Time-outs come in swarms, so those of requests that set out before
the last cut say nothing new.
"""

import asyncio
from collections import deque
from typing import Final

_LEAST: Final = 4


class Gate:
    """Lets requests of one event loop through, first come, first served."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(most)
        self._out = 0
        self._cuts = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def limit(self) -> int:
        """How many may be in flight now."""
        return int(self._limit)

    async def enter(self) -> int:
        """Wait for a place. What is answered is to be given to `leave`."""
        if self._out >= self.limit or self._waiting:
            place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(place)
            try:
                await place  # whoever sets it has counted it as out
            except asyncio.CancelledError:
                if place.done() and not place.cancelled():
                    self._out -= 1
                self._let_in()
                raise
        else:
            self._out += 1
        return self._cuts

    def leave(self, entered: int, *, timed_out: bool = False) -> None:
        """Give the place back."""
        self._out -= 1
        if not timed_out:
            self._limit = min(self._most, self._limit + 1 / self._limit)
        elif entered == self._cuts:
            self._limit = max(min(_LEAST, self._most), self._limit / 2)
            self._cuts += 1
        self._let_in()

    def _let_in(self) -> None:
        while self._waiting and self._out < self.limit:
            place = self._waiting.popleft()
            if not place.done():
                self._out += 1
                place.set_result(None)
