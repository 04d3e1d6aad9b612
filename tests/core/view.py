"""A view in memory: every cell has a stamp, the higher stamp wins, at equal stamps a removal."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from foldline.core import effects as fx
from foldline.core.audience import Audience
from foldline.core.ids import IntArray

Value = int | str | tuple[int, int]


class Write(NamedTuple):
    """One cell: a table, the row it is kept under, a key in it. A value of None removes it."""

    table: str
    owner: int
    key: int
    value: Value | None
    stamp: int


class View:
    """The cells of one generation. `last_wins_ties`: what a store does with two values of one
    stamp is its own affair, and must not matter."""

    def __init__(self, last_wins_ties: bool = False) -> None:
        self._cells: dict[tuple[str, int], dict[int, tuple[int, Value | None]]] = defaultdict(dict)
        self._last_wins_ties = last_wins_ties

    def write(self, write: Write) -> None:
        cells = self._cells[write.table, write.owner]
        stamp, value = cells.get(write.key, (-1, None))
        tie = write.value is None or (self._last_wins_ties and value is not None)
        if write.stamp > stamp or (write.stamp == stamp and tie):
            cells[write.key] = (write.stamp, write.value)

    def cells(self, table: str, owner: int = 0) -> dict[int, Value]:
        """What stands in a row: key → value."""
        kept = self._cells.get((table, owner), {})
        return {key: value for key, (_, value) in kept.items() if value is not None}

    def ids(self, table: str, owner: int = 0) -> IntArray:
        """The keys of a row, sorted."""
        return np.array(sorted(self.cells(table, owner)), dtype=np.int64)

    def live(self, author_id: int) -> IntArray:
        """An author's tweets that bear no marker, sorted. A marker is a cell of its own: a later
        copy of the post does not lift it."""
        live = self.cells("tweets_of", author_id).keys() - self.cells("deleted_of", author_id)
        return np.array(sorted(live), dtype=np.int64)

    def audience(self, author_id: int) -> Audience:
        """What the view knows of an author's partition."""
        return Audience(
            author_id,
            followers=self.ids("followers", author_id),
            tweets=self.live(author_id),
            deleted=self.ids("deleted_of", author_id),
            celebrity=author_id in self.cells("celebrities"),
        )

    def timeline(self, user_id: int) -> dict[int, Value]:
        """The entries that no trim dropped: tweet → author."""
        trimmed = self._number("trims", user_id)
        return {t: a for t, a in self.cells("timelines", user_id).items() if t >= trimmed}

    def floor(self, user_id: int) -> int:
        return self._number("floors", user_id)

    def counts(self, user_id: int) -> Value | None:
        """(followers, live tweets), if ever written."""
        return self.cells("counts").get(user_id)

    def _number(self, table: str, key: int) -> int:
        found = self.cells(table).get(key, 0)
        assert isinstance(found, int)
        return found


def writes_of(effects: Iterable[fx.Effect]) -> Iterator[Write]:
    """The cells that these effects write."""
    for effect in effects:
        if isinstance(effect, fx.Deliver | fx.Retract):
            yield from _entries(effect)
        elif isinstance(effect, fx.RaiseFloor):
            for user in effect.users.tolist():
                yield Write("floors", 0, user, effect.floor, effect.floor)
        else:
            yield from _cells_of(effect)


def _entries(effect: fx.Deliver | fx.Retract) -> Iterator[Write]:
    value = effect.author_id if isinstance(effect, fx.Deliver) else None
    for tweet in effect.tweets.tolist():
        for user in effect.recipients.tolist():
            yield Write("timelines", user, tweet, value, effect.stamp)


def _cells_of(effect: fx.Effect) -> Iterator[Write]:
    match effect:
        case fx.PutAccount(user_id=user, username=name, stamp=stamp):
            yield Write("accounts", 0, user, name, stamp)
        case fx.PutTweet(tweet_id=tweet, author_id=author, text=text, stamp=stamp):
            yield Write("tweets", 0, tweet, text, stamp)
            yield Write("tweets_of", author, tweet, author, stamp)
        case fx.DeleteTweet(tweet_id=tweet, author_id=author, stamp=stamp):
            yield Write("deleted", 0, tweet, author, stamp)
            yield Write("deleted_of", author, tweet, tweet, stamp)
        case fx.PutEdge(follower_id=follower, followee_id=followee, stamp=stamp):
            yield Write("followers", followee, follower, stamp, stamp)
            yield Write("following", follower, followee, stamp, stamp)
        case fx.DropEdge(follower_id=follower, followee_id=followee, stamp=stamp):
            yield Write("followers", followee, follower, None, stamp)
            yield Write("following", follower, followee, None, stamp)
        case fx.SetCounts(user_id=user, followers=followers, tweets=tweets, stamp=stamp):
            yield Write("counts", 0, user, (followers, tweets), stamp)
        case fx.TrimBelow(user_id=user, floor=floor):
            yield Write("trims", 0, user, floor, floor)
        case fx.SetCelebrity(author_id=author, celebrity=celebrity, stamp=stamp):
            yield Write("celebrities", 0, author, author if celebrity else None, stamp)
        case _:
            raise AssertionError(f"the fold has no business with {effect}")
