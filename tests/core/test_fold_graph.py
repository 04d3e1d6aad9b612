"""What follows, blocks and mutes mean, one rule at a time."""

import numpy as np
import pytest

from foldline.core import effects as fx
from foldline.core import events as ev
from foldline.core.audience import Audience
from foldline.core.follow_ups import Derive, UndoIfDeleted
from foldline.core.words import WordKind
from tests.core.folding import STAMP, effects_of, folded

AUTHOR = 1
AUDIENCE = Audience(AUTHOR, np.array([8, 9]), np.array([10, 20]))


def test_a_follow_is_undone_if_its_account_is_deleted() -> None:
    undo = UndoIfDeleted(7, ev.UserUnfollowed(7, AUTHOR))
    assert folded(AUDIENCE, ev.UserFollowed(7, AUTHOR)).follow_ups == [undo]


def test_a_block_takes_the_blocker_out_of_the_audience_and_bars_the_other_follow() -> None:
    event = ev.UserBlocked(blocker_id=9, blocked_id=AUTHOR)
    after, _, follow_ups = folded(AUDIENCE, event)
    assert after.followers.tolist() == [8]
    assert follow_ups == [Derive(ev.FollowBarred(AUTHOR, followee_id=9, cause=STAMP))]
    assert effects_of(AUDIENCE, event) == [
        (fx.SetBlock, 9, AUTHOR, True, STAMP),
        (fx.PutWord, AUTHOR, WordKind.BLOCK, 9, STAMP, 1, STAMP),
        (fx.DropEdge, 9, AUTHOR, STAMP),
        (fx.SetCounts, AUTHOR, 1, 2, STAMP),
        (fx.Retract, AUTHOR, [20, 10], [9], STAMP),
    ]


def test_an_unblock_brings_no_follow_back() -> None:
    event = ev.UserUnblocked(blocker_id=9, blocked_id=AUTHOR)
    assert folded(AUDIENCE, event).follow_ups == [
        Derive(ev.FollowUnbarred(AUTHOR, followee_id=9, cause=STAMP))
    ]
    assert effects_of(AUDIENCE, event) == [
        (fx.SetBlock, 9, AUTHOR, False, STAMP),
        (fx.PutWord, AUTHOR, WordKind.BLOCK, 9, STAMP, 0, STAMP),
    ]


def test_a_bar_ends_the_follow() -> None:
    event = ev.FollowBarred(9, AUTHOR, cause=5)
    assert folded(AUDIENCE, event).audience.followers.tolist() == [8]
    assert effects_of(AUDIENCE, event)[:2] == [
        (fx.PutWord, AUTHOR, WordKind.BAR, 9, 5, 1, STAMP),
        (fx.DropEdge, 9, AUTHOR, STAMP),
    ]


@pytest.mark.parametrize(
    ("refusing", "allowing"),
    [
        (ev.UserBlocked(9, AUTHOR), ev.UserUnblocked(9, AUTHOR)),
        (ev.FollowBarred(9, AUTHOR, cause=5), ev.FollowUnbarred(9, AUTHOR, cause=6)),
    ],
    ids=["by the follower's own block", "by the followee's"],
)
def test_a_follow_is_refused_while_a_block_stands(refusing: ev.Event, allowing: ev.Event) -> None:
    refused = folded(AUDIENCE, refusing, 10).audience
    follow = ev.UserFollowed(9, AUTHOR)
    assert folded(refused, follow, 11) == (refused, [], ())
    allowed = folded(refused, allowing, 12).audience
    assert folded(allowed, follow, 13).audience.followers.tolist() == [8, 9]
    # Folded again, with what stands from ahead of progress: the answers are the same.
    assert folded(allowed, follow, 11).effects == []
    assert folded(allowed, follow, 9).effects != []


@pytest.mark.parametrize("kind", [ev.FollowBarred, ev.FollowUnbarred])
def test_a_word_that_comes_late_is_no_news(kind: type[ev.FollowBarred | ev.FollowUnbarred]) -> None:
    barred = folded(AUDIENCE, ev.FollowBarred(9, AUTHOR, cause=5), 10).audience
    allowed = folded(barred, ev.FollowUnbarred(9, AUTHOR, cause=6), 12).audience
    for cause in (5, 6):
        assert folded(allowed, kind(9, AUTHOR, cause=cause), 14) == (allowed, [], ())
    assert folded(allowed, kind(9, AUTHOR, cause=7), 14).effects


def test_a_repeated_word_has_the_same_effects() -> None:
    for event in (
        ev.UserBlocked(9, AUTHOR),
        ev.UserUnblocked(9, AUTHOR),
        ev.FollowBarred(9, AUTHOR, cause=5),
        ev.FollowUnbarred(9, AUTHOR, cause=5),
    ):
        after = folded(AUDIENCE, event).audience
        assert effects_of(after, event) == effects_of(AUDIENCE, event)


def test_a_mute_concerns_the_muter_alone() -> None:
    for kind, muted in ((ev.UserMuted, True), (ev.UserUnmuted, False)):
        event = kind(muter_id=9, muted_id=AUTHOR)
        assert folded(AUDIENCE, event).audience is AUDIENCE
        assert effects_of(AUDIENCE, event) == [(fx.SetMute, 9, AUTHOR, muted, STAMP)]
