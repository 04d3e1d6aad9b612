"""Where an event stands in the log, and the stamp that its view writes carry."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Self

OFFSET_BITS: Final = 40
PARTITIONS_MAX: Final = 1_024
BELOW_FLOOR_STAMP: Final = 1 << 62  # of a trim: nothing below a floor is ever read again

_TEXT: Final = re.compile(r"(\d{1,5})-(\d{1,13})", re.ASCII)


class Position(NamedTuple):
    """A partition and an offset in it. As text: `<partition>-<offset>`."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}-{self.offset}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The position written as `<partition>-<offset>`; ValueError if it is not one."""
        match = _TEXT.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a position; it reads <partition>-<offset>")
        return cls(int(match[1]), int(match[2]))


def lag_of(progress: Mapping[int, int], ends: Sequence[int]) -> int:
    """How many events before `ends` (the next offset of each partition) progress has not passed."""
    return sum(max(end - progress.get(partition, 0), 0) for partition, end in enumerate(ends))


def keyed(partition: int, epoch: int) -> int:
    """What stands for a partition of the log of an epoch in tables that outlast the log: views keep
    their rows when it is migrated, and offsets of one log say nothing of another."""
    return epoch * PARTITIONS_MAX + partition


def stamp_of(offset: int, epoch: int = 0) -> int:
    """The write timestamp of all that the event at `offset` causes. Higher is later in the log.

    `epoch` grows by one when a log is migrated, so every stamp of the new log beats the old one's.
    """
    return (epoch << OFFSET_BITS) + offset + 1
