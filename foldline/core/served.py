"""What is served of one account, as a value: as the facts of the log have it, and what differs.

A home timeline is the design's sentence, read off the ledger: the tweets of the viewer and of the
accounts the viewer follows, without: deleted ones; those of an account that is suspended, deleted,
muted by the viewer, or blocked in either direction; a retweet whose original falls under these, or
whose original author the viewer follows or is; newest first.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import msgspec

from foldline.core.ledger import Facts, Ledger

_NOBODY: Final[frozenset[int]] = frozenset()
_EXAMPLES: Final = 5


class Served(msgspec.Struct, frozen=True):
    """Of one account. Lists of ids are ascending, but `home` and `tweets`: those are newest first
    and cut at a depth. `acts`: of each of `tweets` its likes, retweets and replies; `texts`: their
    checksums (CRC-32). Of an account that is deleted nothing is served, so nothing is told."""

    profile: tuple[str, str, str, bool, bool] | None = None
    counts: tuple[int, int] = (0, 0)
    home: tuple[int, ...] = ()
    tweets: tuple[int, ...] = ()
    texts: tuple[int, ...] = ()
    acts: tuple[tuple[int, int, int], ...] = ()
    followers: tuple[int, ...] = ()
    following: tuple[int, ...] = ()
    blocks: tuple[int, ...] = ()
    blocked_by: tuple[int, ...] = ()
    mutes: tuple[int, ...] = ()
    likes: tuple[int, ...] = ()

    @property
    def entries(self) -> int:
        """How many entries all lists have."""
        lists = self.home, self.tweets, self.followers, self.following, self.likes
        return sum(map(len, lists))

    @property
    def digest(self) -> bytes:
        """Eight bytes that differ where anything does."""
        return hashlib.blake2b(msgspec.msgpack.encode(self), digest_size=8).digest()


PARTS: Final = Served.__struct_fields__
_LISTS: Final = frozenset(PARTS) - {"profile", "counts", "texts", "acts"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One part of what is served of an account, where it is not as it should be. Of lists: which
    ids are missing and which are too many, and whether the others are out of order; of anything
    else both values."""

    user_id: int
    part: str
    missing: tuple[int, ...] = ()
    extra: tuple[int, ...] = ()
    reordered: bool = False
    expected: object = None
    found: object = None

    def __str__(self) -> str:
        told = []
        for name, ids in (("missing", self.missing), ("extra", self.extra)):
            if ids:
                more = f" and {len(ids) - _EXAMPLES} more" if len(ids) > _EXAMPLES else ""
                told.append(f"{name} {', '.join(map(str, ids[:_EXAMPLES]))}{more}")
        if self.reordered:
            told.append("out of order")
        if not told:
            told.append(f"{self.found} instead of {self.expected}")
        return f"user {self.user_id}, {self.part}: {'; '.join(told)}"


def expected(ledger: Ledger, user_id: int, depth: int, parts: Iterable[str] = PARTS) -> Served:
    """What must be served of an account, down to `depth` tweets of each list of them."""
    facts = ledger.accounts[user_id]
    if facts.deleted or not facts.created:
        return Served()
    tweets = facts.ids[:depth]
    every: dict[str, Callable[[], Any]] = {
        "profile": lambda: (
            facts.username,
            facts.display_name,
            facts.bio,
            facts.verified,
            facts.suspended,
        ),
        "counts": lambda: (len(facts.followers), len(facts.tweets)),
        "home": lambda: tuple(islice(home(ledger, user_id), depth)),
        "tweets": lambda: tweets,
        "texts": lambda: tuple(ledger.texts[tweet] for tweet in tweets),
        "acts": lambda: tuple(_acts(ledger, tweet) for tweet in tweets),
        "followers": lambda: _ascending(facts.followers),
        "following": lambda: _ascending(ledger.follows.get(user_id, _NOBODY)),
        "blocks": lambda: _ascending(ledger.blocks.get(user_id, _NOBODY)),
        "blocked_by": lambda: _ascending(facts.blockers),
        "mutes": lambda: _ascending(ledger.mutes.get(user_id, _NOBODY)),
        "likes": lambda: _ascending(ledger.likes.get(user_id, _NOBODY)),
    }
    return Served(**{part: every[part]() for part in parts})


def home(ledger: Ledger, viewer: int) -> Iterator[int]:
    """The viewer's home timeline, newest first."""
    follows = ledger.follows.get(viewer, _NOBODY) | {viewer}
    authors = {a: ledger.accounts[a] for a in follows if why_hidden(ledger, viewer, a) is None}
    found = sorted(
        ((tweet, author) for author, facts in authors.items() for tweet in facts.ids), reverse=True
    )
    for tweet, author in found:
        if why_not_repeated(ledger, viewer, authors[author], tweet) is None:
            yield tweet


def why_hidden(ledger: Ledger, viewer: int, author: int) -> str | None:
    """The rule by which no tweet of `author` is in the viewer's home timeline, if any is."""
    facts = ledger.accounts.get(author)
    if facts is None or not facts.created:
        return f"there is no account {author}"
    if facts.deleted:
        return f"account {author} is deleted"
    if facts.suspended:
        return f"account {author} is suspended"
    if author in ledger.mutes.get(viewer, _NOBODY):
        return f"the viewer mutes {author}"
    if author in ledger.blocks.get(viewer, _NOBODY):
        return f"the viewer blocks {author}"
    if viewer in ledger.blocks.get(author, _NOBODY):
        return f"{author} blocks the viewer"
    return None


def why_not_repeated(ledger: Ledger, viewer: int, facts: Facts, tweet: int) -> str | None:
    """The rule by which a live tweet of these facts is left out as a retweet, if one does."""
    repeated = facts.tweets[tweet]
    if repeated is None:
        return None
    original, author = repeated[0], ledger.authors.get(repeated[0])
    if author is None or original not in ledger.accounts[author].tweets:
        return f"its original {original} is deleted"
    hidden = why_hidden(ledger, viewer, author)
    if hidden is not None:
        return f"of its original, {hidden}"
    if author == viewer or author in ledger.follows.get(viewer, _NOBODY):
        return f"the viewer has its original {original} from {author}"
    return None


def differences(user_id: int, right: Served, found: Served) -> list[Difference]:
    """What of `found` is not as it must be, part by part."""
    told = []
    for part in PARTS:
        is_so, should = getattr(found, part), getattr(right, part)
        if is_so != should:
            told.append(_difference(user_id, part, should, is_so))
    return told


def _difference(user_id: int, part: str, should: object, is_so: object) -> Difference:
    if part not in _LISTS:
        return Difference(user_id, part, expected=should, found=is_so)
    assert isinstance(should, Sequence) and isinstance(is_so, Sequence)
    missing = tuple(each for each in should if each not in set(is_so))
    extra = tuple(each for each in is_so if each not in set(should))
    return Difference(user_id, part, missing, extra, reordered=not (missing or extra))


def _acts(ledger: Ledger, tweet: int) -> tuple[int, int, int]:
    acts = ledger.acts.get(tweet)
    return (len(acts.likes), len(acts.retweets), len(acts.replies)) if acts else (0, 0, 0)


def _ascending(ids: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(ids))
