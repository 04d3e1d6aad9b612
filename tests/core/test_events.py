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
]


@pytest.mark.parametrize("event", KEYED_BY_7, ids=lambda event: type(event).__name__)
def test_an_event_is_keyed_by_whose_audience_it_concerns(event: ev.Event) -> None:
    assert event.key == 7


def test_every_event_type_is_registered_under_its_name() -> None:
    defined = {kind for kind in ev.Event.__subclasses__() if kind.__module__ == ev.__name__}
    assert set(ev.EVENTS.values()) == defined
    assert {type(event) for event in KEYED_BY_7} == set(ev.EVENTS.values())
    assert all(name == kind.__name__ for name, kind in ev.EVENTS.items())


def test_an_event_without_a_key_is_no_event() -> None:
    with pytest.raises(NotImplementedError):
        _ = ev.Event().key
