"""What a viewer may see: the rules of every read, without I/O.

A home timeline is: the tweets of the viewer and of the accounts the viewer follows, without those
that are deleted; those of an account that is suspended, deleted, muted by the viewer, or blocked in
either direction; a retweet whose original falls under these, or whose original author the viewer
follows or is; newest first. Mutes, and the last rule on retweets, are of the home timeline alone.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from foldline.core.id_sets import has
from foldline.core.ids import IntArray
from foldline.views.port import Account, Restrictions, Tweet


class Post(NamedTuple):
    """A tweet with its author; of a retweet the original too, where it is known, with its own."""

    tweet: Tweet
    author: Account
    original: Tweet | None = None
    original_author: Account | None = None

    @property
    def shown(self) -> Tweet:
        """The tweet whose text and figures are shown."""
        return self.original or self.tweet


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """Who looks, None if that is not known, and what follows from the viewer's own blocks and mutes
    and those of others. `following` (sorted): whom the viewer follows, in the home timeline; None
    anywhere else."""

    user_id: int | None
    blocks: frozenset[int] = frozenset()
    blocked_by: frozenset[int] = frozenset()
    mutes: frozenset[int] = frozenset()
    following: IntArray | None = None

    @classmethod
    def of(cls, user_id: int, known: Restrictions, following: IntArray | None = None) -> Self:
        return cls(
            user_id,
            frozenset(known.blocks.tolist()),
            frozenset(known.blocked_by.tolist()),
            frozenset(known.mutes.tolist()),
            following,
        )

    def blocked(self, account_id: int) -> bool:
        """Whether either blocks the other."""
        return account_id in self.blocks or account_id in self.blocked_by


ANYONE: Final = Viewpoint(None)


def visible(viewpoint: Viewpoint, post: Post) -> bool:
    """Whether a tweet is shown."""
    if not _shows(viewpoint, post.tweet, post.author):
        return False
    if post.tweet.retweet_of is None:
        return True
    original, author = post.original, post.original_author
    if original is None or author is None or not _shows(viewpoint, original, author):
        return False
    return not _heard_of(viewpoint, author.user_id)


def profile_visible(viewpoint: Viewpoint, account: Account) -> bool:
    """Whether an account's page is shown: also to one who blocks it, and so can undo that."""
    return not account.deleted and account.user_id not in viewpoint.blocked_by


def listed(viewpoint: Viewpoint, account: Account) -> bool:
    """Whether an account is shown among others."""
    return not account.deleted and not viewpoint.blocked(account.user_id)


def _shows(viewpoint: Viewpoint, tweet: Tweet, author: Account) -> bool:
    if tweet.deleted or not author.visible or viewpoint.blocked(author.user_id):
        return False
    return viewpoint.following is None or author.user_id not in viewpoint.mutes


def _heard_of(viewpoint: Viewpoint, author_id: int) -> bool:
    """Whether an author's own tweets are in this home timeline, without any retweet."""
    if viewpoint.following is None:
        return False
    return author_id == viewpoint.user_id or has(viewpoint.following, author_id)
