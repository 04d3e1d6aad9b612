"""A stretch of ids that a page is cut from, and which way the page runs."""

from dataclasses import dataclass
from enum import IntEnum

from foldline.core.ids import MAX_ID


class Direction(IntEnum):
    """Older pages continue downwards, newer ones upwards. Pages are shown newest first in both."""

    OLDER = 0
    NEWER = 1


@dataclass(frozen=True, slots=True)
class Span:
    """Ids with `above < id < below`, at most `limit` of them: the newest first where the direction
    is older, the oldest first where it is newer."""

    limit: int
    below: int = MAX_ID
    above: int = 0
    direction: Direction = Direction.OLDER
