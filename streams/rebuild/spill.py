"""Events of one partition on disk, dealt out by account into files that fit the memory."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from foldline.core.codec import Codec
from foldline.core.events import Event
from foldline.core.ids import splitmix64
from foldline.log.port import Record
from streams.sift import Entry

_CODEC: Final = Codec()
_SHARD_SHIFT: Final = 32  # other bits of the mix than those that chose the partition
_STAMP_BYTES: Final = 8
_LENGTH_BYTES: Final = 4


@contextmanager
def dealer(paths: Iterable[Path]) -> Iterator[Callable[[Record, Entry], None]]:
    """Deals events out, as they lay in the log: all of one account into the same file, in their
    order."""
    with ExitStack() as opened:
        files = [opened.enter_context(path.open("wb")) for path in paths]

        def deal(record: Record, entry: Entry) -> None:
            assert record.value is not None, "it was read"
            file = files[(splitmix64(entry.event.key) >> _SHARD_SHIFT) % len(files)]
            stamp = entry.stamp.to_bytes(_STAMP_BYTES)
            file.write(stamp + len(record.value).to_bytes(_LENGTH_BYTES) + record.value)

        yield deal


def dealt(path: Path) -> Iterator[tuple[Event, int]]:
    """What was dealt into a file: each event with its stamp."""
    with path.open("rb") as file:
        while head := file.read(_STAMP_BYTES + _LENGTH_BYTES):
            stamp, length = head[:_STAMP_BYTES], head[_STAMP_BYTES:]
            value = file.read(int.from_bytes(length))
            yield _CODEC.decode(value).event, int.from_bytes(stamp)
