"""Workers that crash in mid-batch, repeat batches, and wake as zombies, on the real fold."""

from random import Random

import numpy as np

from foldline.core import effects as fx
from foldline.core import events as ev
from foldline.core.audience import Audience
from foldline.core.fold import fold
from foldline.core.position import stamp_of
from tests.core.view import View, Write, writes_of
from tests.core.worlds import World

CAP = 4  # entries of a backfill: tiny, so that every boundary is crossed


class Workers:
    """Whoever works on the partitions of a world, one step at a time."""

    def __init__(self, world: World, rng: Random) -> None:
        self.view = View(last_wins_ties=rng.random() < 0.5)
        self._world = world
        self._rng = rng
        self._progress = [0] * len(world.logs)
        self._cached: dict[int, Audience] = {}
        self._late: list[list[Write]] = []

    def run(self) -> None:
        """Work until every partition is folded and every zombie has written what it held."""
        while behind := [
            p for p, log in enumerate(self._world.logs) if self._progress[p] < len(log)
        ]:
            self._step(self._rng.choice(behind))
        for writes in self._late:
            self._apply(writes)

    def _step(self, partition: int) -> None:
        if self._rng.random() < 0.3:  # a restart, a takeover, or an eviction
            self._cached.clear()
        start = self._progress[partition]
        batch = self._world.logs[partition][start : start + self._rng.randint(1, 6)]
        writes = self._fold(batch, start)
        if self._rng.random() < 0.35:
            self._late.append(writes)  # whoever computed this may yet write it, or write it again
        if self._rng.random() < 0.25:
            self._apply(writes[: self._rng.randint(0, len(writes))])
            self._cached.clear()  # a crash in mid-batch: no progress, nothing remembered
            return
        self._apply(writes)
        self._progress[partition] += len(batch)
        if self._late and self._rng.random() < 0.3:
            woken = self._late.pop(self._rng.randrange(len(self._late)))
            self._apply([write for write in woken if self._rng.random() < 0.8])
        if self._rng.random() < 0.2:
            self._trim(self._rng.randint(1, self._world.users))

    def _fold(self, batch: list[ev.Event], start: int) -> list[Write]:
        """The writes of a batch: rows in any order, then the celebrity flags."""
        effects: list[fx.Effect] = []
        for offset, event in enumerate(batch, start):
            audience = self._cached.get(event.key) or self.view.audience(event.key)
            settled = self._rng.random() < 0.5
            self._cached[event.key], more = fold(
                audience, event, stamp_of(offset), cap=CAP, settled=settled
            )
            effects += more
        writes = list(writes_of(effects))
        self._rng.shuffle(writes)
        writes.sort(key=lambda write: write.table == "celebrities")
        return writes

    def _apply(self, writes: list[Write]) -> None:
        for write in writes:
            self.view.write(write)

    def _trim(self, user: int) -> None:
        """Raise the floor to what is kept, then drop what lies below."""
        entries = sorted(self.view.timeline(user), reverse=True)
        if len(entries) > 2 * CAP:
            floor = entries[CAP]
            raised = fx.RaiseFloor(np.array([user]), floor)
            self._apply(list(writes_of([raised, fx.TrimBelow(user, floor)])))
