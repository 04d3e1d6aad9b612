"""What each event means, one rule at a time. Random histories are in test_histories.py."""

import numpy as np
import pytest

from foldline.core import effects as fx
from foldline.core import events as ev
from foldline.core.account import Profile
from foldline.core.audience import Audience
from foldline.core.fold import fold
from foldline.core.ids import EPOCH_MS
from tests.core.folding import effects_of

AUTHOR = 1
TWEET = 5_000 << 22  # made five seconds after the epoch
TWO_FOLLOWERS = Audience(AUTHOR, followers=np.array([8, 9]), tweets=np.array([10, 20, 30]))
CELEBRITY = Audience(AUTHOR, np.array([8, 9]), np.array([10, 20, 30]), celebrity=True)


def test_an_account_gets_its_profile_and_its_counts() -> None:
    event = ev.AccountCreated(TWEET, "ada", "Ada", "counts")
    assert effects_of(Audience(TWEET), event) == [
        (fx.PutAccount, TWEET, "ada", "Ada", "counts", EPOCH_MS + 5_000, 77, False, False, None),
        (fx.SetCounts, TWEET, 0, 0, 77),
    ]


def test_an_account_that_others_followed_already_keeps_its_counts() -> None:
    assert effects_of(TWO_FOLLOWERS, ev.AccountCreated(AUTHOR, "ada"))[1:] == [
        (fx.SetCounts, AUTHOR, 2, 3, 77)
    ]


def test_a_post_goes_to_every_follower() -> None:
    event = ev.TweetPosted(AUTHOR, TWEET, "hello", reply_to=20)
    after, *_ = fold(TWO_FOLLOWERS, event, 77, cap=800, settled=False)
    assert after.tweets.tolist() == [10, 20, 30, TWEET]
    assert effects_of(TWO_FOLLOWERS, event) == [
        (fx.PutTweet, TWEET, AUTHOR, "hello", EPOCH_MS + 5_000, 20, 77, None, None, None),
        (fx.SetCounts, AUTHOR, 2, 4, 77),
        (fx.Deliver, AUTHOR, [TWEET], [8, 9], 77),
    ]


def test_a_post_without_followers_is_delivered_to_nobody() -> None:
    effects = effects_of(Audience(AUTHOR), ev.TweetPosted(AUTHOR, TWEET, "hello"))
    assert [effect[0] for effect in effects] == [fx.PutTweet, fx.SetCounts]


@pytest.mark.parametrize(
    ("audience", "settled", "pushed"),
    [
        (TWO_FOLLOWERS, False, True),
        (TWO_FOLLOWERS, True, True),
        (CELEBRITY, False, True),
        (CELEBRITY, True, False),
    ],
)
@pytest.mark.parametrize("event", [ev.TweetPosted(1, TWEET, "hello"), ev.UserFollowed(7, 1)])
def test_only_a_settled_celebrity_is_not_pushed(
    audience: Audience, settled: bool, pushed: bool, event: ev.Event
) -> None:
    effects = effects_of(audience, event, settled=settled)
    assert (fx.Deliver in {effect[0] for effect in effects}) == pushed


def test_a_repeated_event_has_the_same_effects() -> None:
    """What stands already may be all that stands: another write of the event may be missing."""
    for event in (
        ev.TweetPosted(AUTHOR, TWEET, "hello"),
        ev.TweetDeleted(AUTHOR, 20),
        ev.UserFollowed(7, AUTHOR),
        ev.UserUnfollowed(9, AUTHOR),
        ev.AuthorPromoted(AUTHOR, 2),
        ev.AuthorDemoted(AUTHOR, 2),
    ):
        after, *_ = fold(TWO_FOLLOWERS, event, 77, cap=800, settled=False)
        assert effects_of(after, event) == effects_of(TWO_FOLLOWERS, event)


def test_a_deletion_is_a_marker_and_a_count() -> None:
    event = ev.TweetDeleted(AUTHOR, 20)
    after, *_ = fold(TWO_FOLLOWERS, event, 77, cap=800, settled=False)
    assert (after.tweets.tolist(), after.deleted.tolist()) == ([10, 30], [20])
    assert effects_of(TWO_FOLLOWERS, event) == [
        (fx.DeleteTweet, 20, AUTHOR, 77),
        (fx.SetCounts, AUTHOR, 2, 2, 77),
    ]


def test_a_late_copy_of_a_deleted_post_counts_for_nothing() -> None:
    deleted, *_ = fold(TWO_FOLLOWERS, ev.TweetDeleted(AUTHOR, 20), 70, cap=800, settled=False)
    copy = ev.TweetPosted(AUTHOR, 20, "again")
    after, *_ = fold(deleted, copy, 77, cap=800, settled=False)
    assert after.tweets.tolist() == [10, 30]
    assert (fx.SetCounts, AUTHOR, 2, 2, 77) in effects_of(deleted, copy)


def test_a_follow_brings_the_newest_tweets_and_no_floor_if_they_are_all() -> None:
    event = ev.UserFollowed(7, AUTHOR)
    after, *_ = fold(TWO_FOLLOWERS, event, 77, cap=3, settled=False)
    assert after.followers.tolist() == [7, 8, 9]
    assert effects_of(TWO_FOLLOWERS, event, cap=3) == [
        (fx.PutEdge, 7, AUTHOR, 77),
        (fx.SetCounts, AUTHOR, 3, 3, 77),
        (fx.Deliver, AUTHOR, [30, 20, 10], [7], 77),
    ]


def test_a_follow_of_an_author_with_more_than_the_cap_raises_the_floor() -> None:
    assert effects_of(TWO_FOLLOWERS, ev.UserFollowed(7, AUTHOR), cap=2)[2:] == [
        (fx.Deliver, AUTHOR, [30, 20], [7], 77),
        (fx.RaiseFloor, [7], 20),
    ]


def test_a_follow_of_a_silent_author_brings_nothing() -> None:
    effects = effects_of(Audience(AUTHOR), ev.UserFollowed(7, AUTHOR))
    assert [effect[0] for effect in effects] == [fx.PutEdge, fx.SetCounts]


def test_an_unfollow_takes_the_newest_tweets_back() -> None:
    event = ev.UserUnfollowed(9, AUTHOR)
    after, *_ = fold(TWO_FOLLOWERS, event, 77, cap=2, settled=False)
    assert after.followers.tolist() == [8]
    assert effects_of(TWO_FOLLOWERS, event, cap=2) == [
        (fx.DropEdge, 9, AUTHOR, 77),
        (fx.SetCounts, AUTHOR, 1, 3, 77),
        (fx.Retract, AUTHOR, [30, 20], [9], 77),
    ]


def test_an_unfollow_of_a_celebrity_retracts_too_since_pushing_may_have_gone_on() -> None:
    effects = effects_of(CELEBRITY, ev.UserUnfollowed(9, AUTHOR), settled=True)
    assert effects[-1] == (fx.Retract, AUTHOR, [30, 20, 10], [9], 77)


def test_an_unfollow_of_a_silent_author_retracts_nothing() -> None:
    silent = Audience(AUTHOR, followers=np.array([9]))
    effects = effects_of(silent, ev.UserUnfollowed(9, AUTHOR))
    assert [effect[0] for effect in effects] == [fx.DropEdge, fx.SetCounts]


def test_a_promotion_sets_the_flag_and_nothing_else() -> None:
    event = ev.AuthorPromoted(AUTHOR, 2)
    after, *_ = fold(TWO_FOLLOWERS, event, 77, cap=800, settled=False)
    assert after.celebrity
    assert (after.followers.tolist(), after.tweets.tolist()) == ([8, 9], [10, 20, 30])
    assert effects_of(TWO_FOLLOWERS, event) == [(fx.SetCelebrity, AUTHOR, True, 77)]


@pytest.mark.parametrize("audience", [CELEBRITY, TWO_FOLLOWERS])
@pytest.mark.parametrize("settled", [True, False])
def test_a_demotion_backfills_every_follower_whoever_decided_it(
    audience: Audience, settled: bool
) -> None:
    event = ev.AuthorDemoted(AUTHOR, 2)
    after, *_ = fold(audience, event, 77, cap=2, settled=settled)
    assert not after.celebrity
    assert effects_of(audience, event, cap=2, settled=settled) == [
        (fx.Deliver, AUTHOR, [30, 20], [8, 9], 77),
        (fx.RaiseFloor, [8, 9], 20),
        (fx.SetCelebrity, AUTHOR, False, 77),
    ]


def test_a_demotion_without_followers_only_clears_the_flag() -> None:
    lonely = Audience(AUTHOR, tweets=np.array([10]), celebrity=True)
    assert effects_of(lonely, ev.AuthorDemoted(AUTHOR, 0)) == [(fx.SetCelebrity, AUTHOR, False, 77)]


def test_every_event_on_an_account_or_its_audience_has_a_meaning() -> None:
    audience = Audience(AUTHOR, profile=Profile("ada", "Ada", ""))
    samples: list[ev.Event] = [
        ev.AccountCreated(AUTHOR, "ada"),
        ev.AccountUpdated(AUTHOR, "Ada"),
        ev.AccountSuspended(AUTHOR),
        ev.AccountReinstated(AUTHOR),
        ev.AccountVerified(AUTHOR),
        ev.AccountDeleted(AUTHOR),
        ev.TweetPosted(AUTHOR, TWEET, "hello"),
        ev.TweetDeleted(AUTHOR, TWEET),
        ev.UserFollowed(7, AUTHOR),
        ev.UserUnfollowed(7, AUTHOR),
        ev.AuthorPromoted(AUTHOR, 1),
        ev.AuthorDemoted(AUTHOR, 1),
        ev.UserBlocked(7, AUTHOR),
        ev.UserUnblocked(7, AUTHOR),
        ev.UserMuted(7, AUTHOR),
        ev.UserUnmuted(7, AUTHOR),
        ev.FollowBarred(7, AUTHOR, 3),
        ev.FollowUnbarred(7, AUTHOR, 3),
    ]
    known = {kind for kind in ev.EVENTS.values() if not issubclass(kind, ev.OfTweet)}
    assert {type(sample) for sample in samples} == known
    assert all(effects_of(audience, sample) for sample in samples)
