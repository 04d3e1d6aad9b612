"""What follows, blocks and mutes mean for the audience that they concern.

A block lies in the partition of the blocked; its word on the other follow is derived into
the partition of the blocker. A follow that a block refuses is passed over.
"""

from typing import Final

from foldline.core import events as ev
from foldline.core.audience import Audience
from foldline.core.effects import DropEdge, Effect, PutEdge, SetBlock, SetMute
from foldline.core.folded import Folded, backfill, counts, heard, one, retraction
from foldline.core.follow_ups import Derive, UndoIfDeleted
from foldline.core.words import Word, WordKind, is_news, standing

_REFUSE: Final = (WordKind.BLOCK, WordKind.BAR)


def user_followed(
    audience: Audience, event: ev.UserFollowed, stamp: int, cap: int, pushed: bool
) -> Folded:
    follower = event.follower_id
    if any(standing(audience.words, (kind, follower), stamp) for kind in _REFUSE):
        return Folded(audience, [])
    after = audience.with_follower(follower)
    effects: list[Effect] = [PutEdge(follower, event.followee_id, stamp), counts(after, stamp)]
    if pushed:
        effects += backfill(after, one(follower), stamp, cap)
    undo = ev.UserUnfollowed(follower, event.followee_id)
    return Folded(after, effects, [UndoIfDeleted(follower, undo)])


def user_unfollowed(
    audience: Audience, event: ev.UserUnfollowed, stamp: int, cap: int, pushed: bool
) -> Folded:
    return _without(audience, event.follower_id, stamp, cap)


def user_blocked(
    audience: Audience, event: ev.UserBlocked, stamp: int, cap: int, pushed: bool
) -> Folded:
    blocker, blocked = event.blocker_id, event.blocked_id
    known, words, _ = heard(audience, WordKind.BLOCK, blocker, Word(stamp, stamp, value=1))
    after, effects, _ = _without(known, blocker, stamp, cap)
    return Folded(
        after,
        [SetBlock(blocker, blocked, True, stamp), *words, *effects],
        [Derive(ev.FollowBarred(follower_id=blocked, followee_id=blocker, cause=stamp))],
    )


def user_unblocked(
    audience: Audience, event: ev.UserUnblocked, stamp: int, cap: int, pushed: bool
) -> Folded:
    blocker, blocked = event.blocker_id, event.blocked_id
    after, words, _ = heard(audience, WordKind.BLOCK, blocker, Word(stamp, stamp, value=0))
    return Folded(
        after,
        [SetBlock(blocker, blocked, False, stamp), *words],
        [Derive(ev.FollowUnbarred(follower_id=blocked, followee_id=blocker, cause=stamp))],
    )


def follow_barred(
    audience: Audience, event: ev.FollowBarred, stamp: int, cap: int, pushed: bool
) -> Folded:
    word = Word(event.cause, stamp, value=1)
    if not is_news(audience.words, (WordKind.BAR, event.follower_id), word):
        return Folded(audience, [])
    known, words, _ = heard(audience, WordKind.BAR, event.follower_id, word)
    after, effects, _ = _without(known, event.follower_id, stamp, cap)
    return Folded(after, [*words, *effects])


def follow_unbarred(
    audience: Audience, event: ev.FollowUnbarred, stamp: int, cap: int, pushed: bool
) -> Folded:
    word = Word(event.cause, stamp, value=0)
    if not is_news(audience.words, (WordKind.BAR, event.follower_id), word):
        return Folded(audience, [])
    return heard(audience, WordKind.BAR, event.follower_id, word)


def user_muted(
    audience: Audience, event: ev.UserMuted, stamp: int, cap: int, pushed: bool
) -> Folded:
    return Folded(audience, [SetMute(event.muter_id, event.muted_id, True, stamp)])


def user_unmuted(
    audience: Audience, event: ev.UserUnmuted, stamp: int, cap: int, pushed: bool
) -> Folded:
    return Folded(audience, [SetMute(event.muter_id, event.muted_id, False, stamp)])


def _without(audience: Audience, follower: int, stamp: int, cap: int) -> Folded:
    after = audience.without_follower(follower)
    effects: list[Effect] = [DropEdge(follower, audience.author_id, stamp), counts(after, stamp)]
    return Folded(after, [*effects, *retraction(after, follower, stamp, cap)])
