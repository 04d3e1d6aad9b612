"""What of a generation is written anew in place, and under which stamps.

A repair writes what the fold ends in at a position of the log, under the stamp of the last event
before it: that beats whatever earlier events left in a cell, right or wrong, and yields to all that
is folded later. What lies under a still higher stamp was put there by no fold of this log; only
another generation is free of it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from msgspec.structs import replace

from foldline.core import effects as fx
from foldline.core.ids import MAX_ID
from foldline.core.ledger import Ledger
from foldline.core.served import Difference
from foldline.core.survivors import Source

_WHOSE: Final[dict[type, tuple[str, ...]]] = {
    fx.PutAccount: ("user_id",),
    fx.SetCounts: ("user_id",),
    fx.PutTweet: ("author_id",),
    fx.DeleteTweet: ("author_id",),
    fx.PutEdge: ("follower_id", "followee_id"),
    fx.SetBlock: ("blocker_id", "blocked_id"),
    fx.SetMute: ("muter_id", "muted_id"),
    fx.PutWord: ("author_id",),
    fx.SetOwnRetweet: ("user_id",),
    fx.SetLike: ("author_id", "user_id"),
    fx.SetCelebrity: ("author_id",),
}
"""The accounts that a cell is served of. What is not here is of a tweet."""


TIMELINES: Final = "timelines"
VIEWS: Final[dict[str, tuple[type, ...]]] = {
    "accounts": (fx.PutAccount, fx.SetCounts),
    "tweets": (fx.PutTweet, fx.DeleteTweet, fx.SetOwnRetweet),
    "follows": (fx.PutEdge,),
    "restrictions": (fx.SetBlock, fx.SetMute, fx.PutWord),
    "engagement": (fx.SetLike, fx.PutReference, fx.DropReference, fx.SetEngagement),
    "celebrities": (fx.SetCelebrity,),
    TIMELINES: (),
}
"""The cells of each view that a scope may name; timelines have rows instead."""


@dataclass(frozen=True, slots=True)
class Scope:
    """`accounts`: whose cells are written, and whose timelines; None: everybody's. `authors`: whose
    tweets are also put into the timelines of all that follow them. `view`: the only one that is
    written, of `VIEWS`. `since` and `until` (ids): which tweets are put into timelines."""

    accounts: frozenset[int] | None = None
    view: str | None = None
    authors: frozenset[int] = frozenset()
    since: int = 0
    until: int = MAX_ID

    def keys(self, ledger: Ledger) -> frozenset[int] | None:
        """Whose events must be folded for it; None: all."""
        if self.accounts is None:
            return None
        keys = set(self.accounts | self.authors)
        for account in self.accounts:
            for others in (ledger.follows, ledger.blocks, ledger.mutes):
                keys |= others.get(account, set())
            likes = ledger.likes.get(account, set())
            keys |= {ledger.authors[tweet] for tweet in likes if tweet in ledger.authors}
        return frozenset(keys)

    def cells(self, effects: Iterable[fx.Effect], ledger: Ledger) -> Iterator[fx.Effect]:
        """What of `effects` is in it. Celebrity flags always are: timelines rest on them."""
        named = None if self.accounts is None else self.accounts | self.authors
        kinds = None if self.view is None else VIEWS[self.view]
        for effect in effects:
            if kinds is not None and not isinstance(effect, kinds):
                continue
            if named is None or isinstance(effect, fx.SetCelebrity):
                yield effect
            elif type(effect) in _WHOSE:
                if any(getattr(effect, field) in named for field in _WHOSE[type(effect)]):
                    yield effect
            elif ledger.authors.get(getattr(effect, "tweet_id", 0)) in named:
                yield effect

    def sources(self, sources: Iterable[Source]) -> Iterator[Source]:
        """The same of what timelines are made of."""
        if self.view not in (None, TIMELINES):
            return
        wanted = np.array(sorted(self.accounts or ()), dtype=np.int64)
        for source in sources:
            own = source.followers
            if self.accounts is not None and source.author_id not in self.authors:
                own = own[np.isin(own, wanted)]
            within = (source.tweets >= self.since) & (source.tweets <= self.until)
            if own.size and within.any():
                yield Source(source.author_id, own, source.tweets[within], source.stamps[within])


def lifted(effect: Any, stamp: int) -> fx.Effect:
    """The same under a higher stamp; words keep theirs, which is part of what they say."""
    if isinstance(effect, fx.PutWord | fx.RaiseFloor):
        return effect
    changed: fx.Effect = replace(effect, stamp=stamp)
    return changed


def removals(
    difference: Difference, author_of: Callable[[int], int], stamp_of_key: Callable[[int], int]
) -> Iterator[fx.Effect]:
    """What takes out what is served too much. `author_of`: of a tweet; `stamp_of_key`: the stamp
    for what an account's partition writes."""
    user = difference.user_id
    for extra in difference.extra:
        match difference.part:
            case "home":
                author = author_of(extra)
                one, him = (np.array([each], dtype=np.int64) for each in (extra, user))
                yield fx.Retract(author, one, him, stamp_of_key(author))
            case "tweets":
                yield fx.DeleteTweet(extra, user, stamp_of_key(user))
            case "following":
                yield fx.DropEdge(user, extra, stamp_of_key(extra))
            case "followers":
                yield fx.DropEdge(extra, user, stamp_of_key(user))
            case "blocks":
                yield fx.SetBlock(user, extra, False, stamp_of_key(extra))
            case "blocked_by":
                yield fx.SetBlock(extra, user, False, stamp_of_key(user))
            case "mutes":
                yield fx.SetMute(user, extra, False, stamp_of_key(extra))
            case "likes":
                author = author_of(extra)
                yield fx.SetLike(extra, author, user, False, stamp_of_key(author))
