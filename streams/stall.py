"""When a worker counts as stalled: events lie in the log, and progress does not move."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class StallWatch:
    """Looked at from outside, again and again, with the log's ends and the view's progress."""

    timeout_s: float
    _still: dict[int, tuple[int, float]] = field(default_factory=dict)

    def stalled(
        self,
        now_s: float,
        ends: Sequence[int],
        progress: Mapping[int, int],
        watched: Collection[int],
    ) -> list[int]:
        """The partitions among `watched` that were behind, and in the same place, for `timeout_s`
        seconds up to `now_s`."""
        behind = {p: progress.get(p, 0) for p in watched if progress.get(p, 0) < ends[p]}
        still: dict[int, tuple[int, float]] = {}
        for partition, offset in behind.items():
            before = self._still.get(partition)
            still[partition] = before if before and before[0] == offset else (offset, now_s)
        self._still = still
        return [p for p, (_, since_s) in still.items() if now_s - since_s >= self.timeout_s]
