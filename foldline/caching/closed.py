"""Accounts that were deleted of late, to be taken out of the following sets that are kept.

A deletion ends every follow of an account, and its event can't name the followers. It is final, so
taking the account out of a set gives what the store has; for as long as a set is kept.
"""

from typing import Final

import numpy as np

from foldline.clock import Clock
from foldline.core.ids import NO_IDS, IntArray

_MOST: Final = 10_000


class Closed:
    """The accounts deleted within the lifetime of a kept set."""

    def __init__(self, clock: Clock, lifetime_s: float) -> None:
        self._clock = clock
        self._lifetime_s = lifetime_s
        self._until: dict[int, float] = {}
        self._ids = NO_IDS

    def add(self, user_id: int) -> bool:
        """Note that an account was deleted. False where there are too many: nothing may be kept."""
        now = self._clock.monotonic()
        self._until = {each: until for each, until in self._until.items() if until > now}
        # A value may be kept anew at the end of its lifetime, by a process that found it shared.
        self._until[user_id] = now + 2 * self._lifetime_s
        self._ids = np.array(list(self._until), dtype=np.int64)
        return len(self._until) <= _MOST

    def clear(self) -> None:
        """Nothing is kept any more."""
        self._until, self._ids = {}, NO_IDS

    def taken_from(self, ids: IntArray) -> IntArray:
        """`ids` without them."""
        if not self._ids.size:
            return ids
        return ids[np.isin(ids, self._ids, assume_unique=True, invert=True)]
