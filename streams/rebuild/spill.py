"""Events of one partition on disk, dealt out by account into files that fit the memory."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from foldline.core.codec import Codec
from foldline.core.events import Event
from foldline.core.ids import splitmix64
from foldline.log.port import Record
from streams.sift import Entry

_CODEC: Final = Codec()
_SHARD_SHIFT: Final = 32  # other bits of the mix than those that chose the partition
_STAMP_BYTES: Final = 8
_LENGTH_BYTES: Final = 4


class Dealer:
    """Deals events out: all of one account into the same file, in their order."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._files = [path.open("wb") for path in paths]

    def deal(self, record: Record, entry: Entry) -> None:
        """Put the next event away, as it lay in the log."""
        assert record.value is not None, "it was read"
        shard = (splitmix64(entry.envelope.event.key) >> _SHARD_SHIFT) % len(self._files)
        stamp = entry.stamp.to_bytes(_STAMP_BYTES)
        self._files[shard].write(stamp + len(record.value).to_bytes(_LENGTH_BYTES) + record.value)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in self._files:
            file.close()


def dealt(path: Path) -> Iterator[tuple[Event, int]]:
    """What was dealt into a file: each event with its stamp."""
    with path.open("rb") as file:
        while head := file.read(_STAMP_BYTES + _LENGTH_BYTES):
            stamp, length = head[:_STAMP_BYTES], head[_STAMP_BYTES:]
            value = file.read(int.from_bytes(length))
            yield _CODEC.decode(value).event, int.from_bytes(stamp)
