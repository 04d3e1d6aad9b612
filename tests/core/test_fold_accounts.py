"""What the events on an account mean, one rule at a time."""

from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from foldline.core import effects as fx
from foldline.core import events as ev
from foldline.core.account import Profile
from foldline.core.audience import Audience
from foldline.core.follow_ups import EndActs
from foldline.core.ids import EPOCH_MS
from tests.core.folding import STAMP, effects_of, folded

ADA = 5_000 << 22
PROFILE = Profile("ada", "Ada", "counts")
AUDIENCE = Audience(ADA, np.array([8, 9]), np.array([10, 20]), celebrity=True, profile=PROFILE)


def put(**changed: Any) -> tuple[Any, ...]:
    """A profile as it is written."""
    shown = {
        "username": "ada",
        "display_name": "Ada",
        "bio": "counts",
        "created_at": EPOCH_MS + 5_000,
        "stamp": STAMP,
        "verified": False,
        "suspended": False,
        "closed_at": None,
    }
    return (fx.PutAccount, ADA, *(shown | changed).values())


@pytest.mark.parametrize(
    ("event", "changed"),
    [
        (ev.AccountUpdated(ADA, display_name="A."), {"display_name": "A."}),
        (ev.AccountUpdated(ADA, bio=""), {"bio": ""}),
        (ev.AccountUpdated(ADA, "A.", "b"), {"display_name": "A.", "bio": "b"}),
        (ev.AccountSuspended(ADA), {"suspended": True}),
        (ev.AccountReinstated(ADA), {}),
        (ev.AccountVerified(ADA), {"verified": True}),
    ],
)
def test_a_change_is_written_whole(event: ev.OfAccount, changed: dict[str, Any]) -> None:
    assert effects_of(AUDIENCE, event) == [put(**changed)]
    after = folded(AUDIENCE, event).audience
    assert after.profile == replace(PROFILE, **changed)


@pytest.mark.parametrize("kind", [ev.AccountUpdated, ev.AccountSuspended, ev.AccountDeleted])
def test_nothing_changes_an_account_that_never_was(kind: type[ev.OfAccount]) -> None:
    audience = Audience(ADA, followers=np.array([8]))
    assert folded(audience, kind(ADA)) == (audience, [], ())


def test_changes_of_one_field_leave_the_other() -> None:
    after = folded(AUDIENCE, ev.AccountUpdated(ADA, display_name="A.")).audience
    assert effects_of(after, ev.AccountUpdated(ADA, bio="b")) == [put(display_name="A.", bio="b")]


def test_a_late_copy_of_the_creation_does_not_undo_what_came_after() -> None:
    after = folded(AUDIENCE, ev.AccountSuspended(ADA)).audience
    copy = ev.AccountCreated(ADA, "ada", "Ada", "counts")
    assert effects_of(after, copy)[0] == put(suspended=True)


def test_a_deletion_empties_the_profile_and_the_audience() -> None:
    event = ev.AccountDeleted(ADA)
    after, _, follow_ups = folded(AUDIENCE, event)
    assert (after.followers.size, after.celebrity, after.closed) == (0, False, True)
    assert follow_ups == [EndActs(ADA)]
    assert effects_of(AUDIENCE, event) == [
        put(display_name="", bio="", closed_at=STAMP),
        (fx.DropFollowers, ADA, [8, 9], STAMP),
        (fx.SetCounts, ADA, 0, 2, STAMP),
        (fx.SetCelebrity, ADA, False, STAMP),
    ]


@pytest.mark.parametrize(
    "event",
    [
        ev.TweetPosted(ADA, 30, "late"),
        ev.UserFollowed(7, ADA),
        ev.AccountReinstated(ADA),
        ev.AuthorPromoted(ADA, 2),
        ev.UserBlocked(7, ADA),
    ],
    ids=lambda event: type(event).__name__,
)
def test_behind_a_deletion_nothing_counts_but_before_it_everything(event: ev.Event) -> None:
    closed = folded(AUDIENCE, ev.AccountDeleted(ADA)).audience
    assert folded(closed, event, STAMP + 1) == (closed, [], ())
    # The view may know of the deletion from ahead of progress.
    assert folded(closed, event, STAMP - 1).effects


def test_a_repeated_deletion_finds_all_followers_again() -> None:
    ahead = replace(AUDIENCE, profile=replace(PROFILE, closed_at=STAMP))
    assert effects_of(ahead, ev.AccountDeleted(ADA)) == effects_of(AUDIENCE, ev.AccountDeleted(ADA))
