"""What a fold answers, and what several rules of it write alike."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from foldline.core.audience import Audience
from foldline.core.effects import Deliver, Effect, PutWord, RaiseFloor, Retract, SetCounts
from foldline.core.follow_ups import FollowUp
from foldline.core.ids import IntArray
from foldline.core.words import Word, WordKind


class Folded(NamedTuple):
    """The audience after an event, what is to be written, and what follows beyond it."""

    audience: Audience
    effects: Sequence[Effect]
    follow_ups: Sequence[FollowUp] = ()


def backfill(audience: Audience, recipients: IntArray, stamp: int, cap: int) -> list[Effect]:
    """The newest tweets into the timelines of `recipients`, and their floors where there are more
    than `cap`."""
    newest = audience.newest(cap)
    if not (newest.size and recipients.size):
        return []
    effects: list[Effect] = [Deliver(audience.author_id, newest, recipients, stamp)]
    if audience.tweets.size > cap:
        effects.append(RaiseFloor(recipients, int(newest[-1])))
    return effects


def retraction(audience: Audience, user_id: int, stamp: int, cap: int) -> list[Effect]:
    """The newest tweets out of one timeline."""
    newest = audience.newest(cap)
    return [Retract(audience.author_id, newest, one(user_id), stamp)] if newest.size else []


def counts(audience: Audience, stamp: int) -> SetCounts:
    return SetCounts(audience.author_id, audience.followers.size, audience.tweets.size, stamp)


def heard(audience: Audience, kind: WordKind, about_id: int, word: Word) -> Folded:
    """The audience with one word more, which is kept."""
    put = PutWord(audience.author_id, kind, about_id, word.cause, word.value, word.stamp)
    return Folded(audience.with_word((kind, about_id), word), [put])


def one(value: int) -> IntArray:
    return np.array([value], dtype=np.int64)
