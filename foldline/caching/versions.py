"""When what a timeline is assembled from last changed: for what was assembled and is kept.

A fixed table of sequence numbers, at the hash of each key. Two keys of one slot only mean that one
of them may seem changed when it is the other.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from foldline.caching.keys import Key, Kind
from foldline.core.ids import IntArray, buckets_of

_NUMBER: Final = {kind: number for number, kind in enumerate(Kind)}


class Versions:
    """The last change of each key, by slot."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._changed = np.zeros(slots, dtype=np.int64)
        self._anew = 0

    def slots(self, keys: Iterable[tuple[Kind, int]]) -> IntArray:
        """Where the changes of these keys are noted: to be kept with what is assembled."""
        mixed = [key_id ^ _NUMBER[kind] << 60 for kind, key_id in keys]
        return buckets_of(np.array(mixed, dtype=np.int64), self._slots)

    def note(self, sequence: int, keys: Iterable[Key]) -> None:
        """These keys changed, at `sequence`."""
        self._changed[self.slots(keys)] = sequence

    def note_all(self, sequence: int) -> None:
        """Anything may have changed, at `sequence`."""
        self._anew = sequence

    def changed_among(self, sequence: int, slots: IntArray) -> npt.NDArray[np.bool_]:
        """Of which of `slots` anything changed after `sequence`, as far as `note` told."""
        return np.greater(self._changed[slots], sequence)

    def changed_since(self, sequence: int, slots: IntArray) -> bool:
        """Whether anything in `slots` may have changed after `sequence`."""
        if self._anew > sequence:
            return True
        return bool(slots.size) and int(self._changed[slots].max()) > sequence
