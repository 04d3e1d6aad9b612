"""Fan-out as columns: every delivery and retraction of a batch in four parallel arrays."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from foldline.core.effects import Deliver, Effect, Retract
from foldline.core.ids import IntArray

Tile = Deliver | Retract
"""Every tweet of it for every recipient of it."""


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
    return map(_columns, parts(effects, max_rows, max_rows))


def parts(effects: Iterable[Effect], max_rows: int, max_tweets: int) -> Iterator[list[Tile]]:
    """The same as tiles, none of them with more tweets than `max_tweets`."""
    pending: list[Tile] = []
    rows = 0
    for tile in tiles(effects, max_rows, max_tweets):
        size = tile.tweets.size * tile.recipients.size
        if rows + size > max_rows:
            yield pending
            pending, rows = [], 0
        pending.append(tile)
        rows += size
    if pending:
        yield pending


def tiles(
    effects: Iterable[Effect], max_rows: int, max_tweets: int | None = None
) -> Iterator[Tile]:
    """The deliveries and retractions among `effects`, cut so that none has more rows."""
    for effect in effects:
        if not isinstance(effect, Deliver | Retract):
            continue
        wide = max(1, min(effect.recipients.size, max_rows))
        tall = max(1, min(max_rows // wide, max_tweets or max_rows))
        for top in range(0, effect.tweets.size, tall):
            for left in range(0, effect.recipients.size, wide):
                yield replace(
                    effect,
                    tweets=effect.tweets[top : top + tall],
                    recipients=effect.recipients[left : left + wide],
                )


def _columns(pending: list[Tile]) -> Deliveries:
    sizes = np.array([tile.tweets.size * tile.recipients.size for tile in pending])
    return Deliveries(
        users=np.concatenate([np.tile(tile.recipients, tile.tweets.size) for tile in pending]),
        tweets=np.concatenate([np.repeat(tile.tweets, tile.recipients.size) for tile in pending]),
        authors=np.repeat(np.array([tile.author_id for tile in pending], dtype=np.int64), sizes),
        stamps=np.repeat(np.array([tile.stamp for tile in pending], dtype=np.int64), sizes),
        alive=np.repeat(np.array([isinstance(tile, Deliver) for tile in pending]), sizes),
    )
