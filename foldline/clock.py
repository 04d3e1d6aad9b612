"""Time as an argument."""

import time
from typing import Protocol


class Clock(Protocol):
    """What the time is. Only the shells ask; the core never does."""

    def now_ms(self) -> int:
        """Wall time, in milliseconds since 1970. May step back."""

    def monotonic(self) -> float:
        """Seconds since some moment. Never steps back."""


class SystemClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()
