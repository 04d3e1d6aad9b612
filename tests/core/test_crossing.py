"""Crossings have a gap between up and down, and their events an id that repeats."""

import numpy as np
import pytest

from foldline.core.account import Profile
from foldline.core.audience import Audience
from foldline.core.codec import Envelope
from foldline.core.crossing import crossing, derived
from foldline.core.events import AuthorDemoted, AuthorPromoted, UserFollowed


@pytest.mark.parametrize(
    ("followers", "celebrity", "expected"),
    [
        (9, False, None),
        (10, False, AuthorPromoted(1, 10)),
        (11, False, AuthorPromoted(1, 11)),
        (10, True, None),
        (8, True, None),
        (7, True, AuthorDemoted(1, 7)),
        (0, True, AuthorDemoted(1, 0)),
        (7, False, None),
    ],
)
def test_an_author_crosses_at_the_thresholds(
    followers: int, celebrity: bool, expected: AuthorPromoted | AuthorDemoted | None
) -> None:
    audience = Audience(1, followers=np.arange(1, followers + 1), celebrity=celebrity)
    assert crossing(audience, promote_at=10, demote_below=8) == expected


def test_a_deleted_author_crosses_nothing() -> None:
    gone = Profile("ada", "", "", closed_at=5)
    audience = Audience(1, followers=np.arange(1, 20), profile=gone)
    assert crossing(audience, promote_at=10, demote_below=8) is None


def test_a_derived_event_repeats_under_one_id() -> None:
    cause = Envelope("e1", UserFollowed(2, 1), occurred_at=9, idempotency_key="k")
    first, again = (derived(AuthorPromoted(1, 10), cause) for _ in range(2))
    assert first == again
    assert (first.cause, first.occurred_at, first.idempotency_key) == ("e1", 9, None)
    assert derived(AuthorDemoted(1, 10), cause).id != first.id
    assert derived(AuthorPromoted(1, 11), cause).id != first.id
    other = Envelope("e2", UserFollowed(2, 1), occurred_at=9)
    assert derived(AuthorPromoted(1, 10), other).id != first.id
