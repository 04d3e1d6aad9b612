"""Fan-out as columns: every delivery and retraction of a batch in four parallel arrays."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from foldline.core.effects import Deliver, Effect, Retract
from foldline.core.ids import IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Deliveries:
    """Rows for timelines. `users`, `tweets`, `authors`, `stamps`: int64 of one length;
    `alive`: bool, False where the row is taken out."""

    users: IntArray
    tweets: IntArray
    authors: IntArray
    stamps: IntArray
    alive: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return int(self.users.size)

    def take(self, order: IntArray | npt.NDArray[np.bool_] | slice) -> Self:
        """The rows at these places, in this order."""
        return type(self)(
            self.users[order],
            self.tweets[order],
            self.authors[order],
            self.stamps[order],
            self.alive[order],
        )


def gather(effects: Iterable[Effect], max_rows: int) -> Iterator[Deliveries]:
    """The deliveries and retractions among `effects`, in parts of at most `max_rows` rows, so that
    one tweet to a million followers never stands in memory whole."""
    pending: list[tuple[Deliver | Retract, IntArray, IntArray]] = []
    rows = 0
    for effect, tweets, recipients in _tiles(effects, max_rows):
        size = tweets.size * recipients.size
        if rows + size > max_rows:
            yield _columns(pending)
            pending, rows = [], 0
        pending.append((effect, tweets, recipients))
        rows += size
    if pending:
        yield _columns(pending)


def _tiles(
    effects: Iterable[Effect], max_rows: int
) -> Iterator[tuple[Deliver | Retract, IntArray, IntArray]]:
    for effect in effects:
        if not isinstance(effect, Deliver | Retract):
            continue
        wide = max(1, min(effect.recipients.size, max_rows))
        tall = max(1, max_rows // wide)
        for top in range(0, effect.tweets.size, tall):
            for left in range(0, effect.recipients.size, wide):
                yield (
                    effect,
                    effect.tweets[top : top + tall],
                    effect.recipients[left : left + wide],
                )


def _columns(tiles: list[tuple[Deliver | Retract, IntArray, IntArray]]) -> Deliveries:
    sizes = np.array([tweets.size * users.size for _, tweets, users in tiles])
    effects = [effect for effect, _, _ in tiles]
    return Deliveries(
        users=np.concatenate([np.tile(users, tweets.size) for _, tweets, users in tiles]),
        tweets=np.concatenate([np.repeat(tweets, users.size) for _, tweets, users in tiles]),
        authors=np.repeat(np.array([e.author_id for e in effects], dtype=np.int64), sizes),
        stamps=np.repeat(np.array([e.stamp for e in effects], dtype=np.int64), sizes),
        alive=np.repeat(np.array([isinstance(e, Deliver) for e in effects]), sizes),
    )
