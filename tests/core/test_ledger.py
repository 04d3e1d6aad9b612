"""The ledger against random histories, and what it says of differences."""

from random import Random

import pytest

from foldline.core import events as ev
from foldline.core.ledger import Ledger
from foldline.core.served import Served, differences, expected, home, why_hidden
from tests.core.workers import Workers
from tests.core.worlds import World, random_world

ALL = 1_000


def ledger_of(world: World) -> Ledger:
    ledger = Ledger(len(world.logs))
    for partition, log in enumerate(world.logs):
        for offset, event in enumerate(log):
            ledger.take(partition, offset, event)
    return ledger


def ledger_with(*events: ev.Event) -> Ledger:
    ledger = Ledger(1)
    for offset, event in enumerate(events):
        ledger.take(0, offset, event)
    return ledger


@pytest.mark.parametrize("seed", range(150))
def test_the_ledger_has_the_truth_of_any_history(seed: int) -> None:
    rng = Random(seed)
    world = random_world(rng)
    Workers(world, rng).run()
    ledger = ledger_of(world)
    for account in ledger.accounts.values():
        account.created = True
    for user in set(range(1, world.users + 1)) - world.closed:
        truth = expected(ledger, user, ALL)
        blocked = {a for a in range(1, world.users + 1) if why_hidden(ledger, user, a)}
        own = [t for t in world.timeline(user) if world.posts[t].author_id not in blocked]
        repeats = {t for t in own if world.posts[t].retweet_of is not None}
        assert [t for t in truth.home if t not in repeats] == [t for t in own if t not in repeats]
        assert truth.counts == world.counts(user)
    for tweet in world.engaged:
        author = ledger.authors.get(tweet)
        live = author is not None and tweet in ledger.accounts[author].tweets
        if author is not None and live and author not in world.closed:
            at = ledger.accounts[author].ids.index(tweet)
            assert expected(ledger, author, ALL).acts[at] == world.engagement(tweet)


def test_what_comes_out_of_order_is_refused() -> None:
    with pytest.raises(ValueError, match="0-1 came where 0 is next"):
        Ledger(1).take(0, 1, None)


def test_what_cannot_be_read_changes_nothing() -> None:
    ledger = Ledger(1)
    ledger.take(0, 0, None)
    assert (ledger.positions, ledger.users()) == ([1], [])


CREATED = [ev.AccountCreated(user, f"u{user}") for user in (1, 2, 3)]
POST = ev.TweetPosted(2, 20, "original")
REPEAT = ev.TweetPosted(3, 30, "", retweet_of=20, retweet_of_author=2)
FOLLOW = ev.UserFollowed(1, 3)


@pytest.mark.parametrize(
    ("then", "shown"),
    [
        ([], [30]),
        ([ev.UserFollowed(1, 2)], [20]),
        ([ev.UserMuted(1, 3)], []),
        ([ev.UserMuted(1, 3), ev.UserUnmuted(1, 3)], [30]),
        ([ev.UserMuted(1, 2)], []),
        ([ev.UserBlocked(1, 2)], []),
        ([ev.UserBlocked(2, 1)], []),
        ([ev.UserBlocked(2, 1), ev.UserUnblocked(2, 1)], [30]),
        ([ev.UserBlocked(1, 3), ev.UserUnblocked(1, 3)], []),
        ([ev.AccountSuspended(3)], []),
        ([ev.AccountSuspended(2)], []),
        ([ev.AccountSuspended(2), ev.AccountReinstated(2)], [30]),
        ([ev.AccountDeleted(2)], []),
        ([ev.AccountDeleted(3)], []),
        ([ev.TweetDeleted(2, 20)], []),
        ([ev.TweetDeleted(3, 30, retweet_of=20, retweet_of_author=2)], []),
        ([ev.FollowBarred(1, 3, 5)], []),
        ([ev.FollowBarred(1, 3, 5), FOLLOW], []),
        ([ev.FollowBarred(1, 3, 5), ev.FollowUnbarred(1, 3, 7), FOLLOW], [30]),
        ([ev.FollowBarred(1, 3, 5), ev.FollowUnbarred(1, 3, 4), FOLLOW], []),
    ],
)
def test_a_home_timeline_is_the_designs_sentence(then: list[ev.Event], shown: list[int]) -> None:
    assert list(home(ledger_with(*CREATED, POST, FOLLOW, REPEAT, *then), 1)) == shown


def told(*then: ev.Event) -> tuple[str, str, str, bool, bool] | None:
    return expected(ledger_with(*then), 1, ALL).profile


def test_a_profile_is_as_last_told() -> None:
    born = ev.AccountCreated(1, "ada", "Ada", "first")
    assert told(born) == ("ada", "Ada", "first", False, False)
    assert told(born, ev.AccountCreated(1, "eve")) == ("ada", "Ada", "first", False, False)
    new_name = ev.AccountUpdated(1, display_name="A.")
    assert told(born, new_name) == ("ada", "A.", "first", False, False)
    new_bio = ev.AccountUpdated(1, bio="later")
    assert told(born, new_name, new_bio) == ("ada", "A.", "later", False, False)
    assert told(born, ev.AccountVerified(1)) == ("ada", "Ada", "first", True, False)
    assert told(born, ev.AccountSuspended(1)) == ("ada", "Ada", "first", False, True)


def test_nothing_is_told_of_an_account_that_is_not_there() -> None:
    born = ev.AccountCreated(1, "ada")
    assert told(new := ev.AccountUpdated(1, display_name="A.", bio="b")) is None
    assert told(ev.AccountVerified(1), new, ev.AccountDeleted(1), born) == (
        *("ada", "", "", False, False),
    )
    assert told(born, ev.AccountDeleted(1)) is None
    assert told(born, ev.AccountDeleted(1), new) is None


def test_of_an_author_nobody_knows_nothing_is_shown() -> None:
    assert why_hidden(ledger_with(), 1, 2) == "there is no account 2"


def test_differences_are_told_part_by_part() -> None:
    right = Served(profile=("a", "", "", False, False), home=(9, 8, 7), following=(1, 2))
    assert differences(1, right, right) == []
    found = Served(profile=("b", "", "", False, False), home=(7, 8, 9), following=(2, 3))
    told = [str(each) for each in differences(1, right, found)]
    assert told == [
        "user 1, profile: ('b', '', '', False, False) instead of ('a', '', '', False, False)",
        "user 1, home: out of order",
        "user 1, following: missing 1; extra 3",
    ]
    assert right.digest != found.digest
    assert right.entries == 5
