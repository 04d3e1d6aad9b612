"""Records as they come, sorted into what can be folded, what is poison and what is too new."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from foldline.core.codec import Codec, Envelope
from foldline.core.effects import PutDeadLetter
from foldline.core.events import Event
from foldline.core.ids import partition_of
from foldline.core.position import Position, keyed, stamp_of
from foldline.errors import GapInLogError, NewerVersionError, PoisonError, WrongPartitionError
from foldline.log.port import Headers, Record
from foldline.telemetry import trace_of

_CODEC: Final = Codec()


class Entry(NamedTuple):
    """An event at its place in the log, and what was said with it."""

    position: Position
    stamp: int
    envelope: Envelope
    headers: Headers

    @property
    def event(self) -> Event:
        return self.envelope.event

    @property
    def trace(self) -> str:
        """The trace that it belongs to, or a new one."""
        return trace_of(dict(self.headers).get("traceparent", b"").decode("latin-1"))


class Poison(NamedTuple):
    """A record that can never be folded."""

    position: Position
    letter: PutDeadLetter

    @property
    def event(self) -> None:
        """It is none."""


@dataclass(frozen=True, slots=True)
class Sifted:
    """`items` follow their partition's progress without a gap; `halted` says why a partition
    goes no further."""

    items: list[Entry | Poison] = field(default_factory=list)
    halted: dict[int, str] = field(default_factory=dict)


def sift(
    records: Sequence[Record],
    progress: Mapping[int, int],
    halted: Mapping[int, str],
    partitions: int,
    epoch: int,
) -> Sifted:
    """What of `records` is to be folded next. Records of partitions without progress are another
    worker's, and those below progress were applied: both are passed over. `GapInLogError` if one
    is missing."""
    sifted = Sifted()
    expected = dict(progress)
    for record in records:
        partition, offset = record.position
        if partition in halted or partition in sifted.halted:
            continue
        if offset < expected.get(partition, offset + 1):
            continue
        if offset > expected[partition]:
            raise GapInLogError(
                f"partition {partition}: offset {offset} came where {expected[partition]} is next"
            )
        stamp = stamp_of(offset, epoch)
        try:
            envelope = _read(record, partitions)
        except NewerVersionError as error:
            sifted.halted[partition] = f"{record.position}: {error}"
            continue
        except PoisonError as error:
            letter = PutDeadLetter(keyed(partition, epoch), offset, str(error), record.value, stamp)
            sifted.items.append(Poison(record.position, letter))
        else:
            sifted.items.append(Entry(record.position, stamp, envelope, record.headers))
        expected[partition] += 1
    return sifted


def _read(record: Record, partitions: int) -> Envelope:
    envelope = _CODEC.decode(record.value)
    home = partition_of(envelope.event.key, partitions)
    if home != record.position.partition:
        raise WrongPartitionError(
            f"the event's key {envelope.event.key} belongs in partition {home}"
        )
    return envelope
