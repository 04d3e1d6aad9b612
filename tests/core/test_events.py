"""Each event is keyed by the account whose audience it concerns."""

import pytest

from foldline.core import events as ev

KEYED_BY_7 = [
    ev.AccountCreated(7, "ada"),
    ev.TweetPosted(7, 1, "hello"),
    ev.TweetDeleted(7, 1),
    ev.UserFollowed(follower_id=1, followee_id=7),
    ev.UserUnfollowed(follower_id=1, followee_id=7),
    ev.AuthorPromoted(7, 1),
    ev.AuthorDemoted(7, 1),
    ev.AccountUpdated(7),
    ev.AccountSuspended(7),
    ev.AccountReinstated(7),
    ev.AccountVerified(7),
    ev.AccountDeleted(7),
    ev.TweetLiked(7, 1, 2),
    ev.TweetUnliked(7, 1, 2),
    ev.TweetRetweeted(7, 1, 3, 2),
    ev.TweetUnretweeted(7, 1, 3),
    ev.TweetReplied(7, 1, 3, 2),
    ev.TweetUnreplied(7, 1, 3),
    ev.FollowBarred(follower_id=1, followee_id=7, cause=5),
    ev.FollowUnbarred(follower_id=1, followee_id=7, cause=5),
    ev.UserBlocked(blocker_id=1, blocked_id=7),
    ev.UserUnblocked(blocker_id=1, blocked_id=7),
    ev.UserMuted(muter_id=1, muted_id=7),
    ev.UserUnmuted(muter_id=1, muted_id=7),
]


@pytest.mark.parametrize("event", KEYED_BY_7, ids=lambda event: type(event).__name__)
def test_an_event_is_keyed_by_whose_audience_it_concerns(event: ev.Event) -> None:
    assert event.key == 7


def leaves(kind: type[ev.Event]) -> set[type[ev.Event]]:
    """The types of which there are events; what they inherit from says how they are keyed."""
    below = [each for each in kind.__subclasses__() if each.__module__ == ev.__name__]
    return set().union(*map(leaves, below)) if below else {kind}


def test_every_event_type_is_registered_under_its_name() -> None:
    defined = leaves(ev.Event)
    assert set(ev.EVENTS.values()) == defined
    assert {type(event) for event in KEYED_BY_7} == set(ev.EVENTS.values())
    assert all(name == kind.__name__ for name, kind in ev.EVENTS.items())


def test_an_event_without_a_key_is_no_event() -> None:
    with pytest.raises(NotImplementedError):
        _ = ev.Event().key
