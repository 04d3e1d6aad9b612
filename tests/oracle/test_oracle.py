"""The oracle itself, by examples that can be checked by eye."""

from collections.abc import Sequence

import pytest

from tests.oracle.commands import (
    AccountDeleted,
    Acknowledged,
    Blocked,
    Deleted,
    Followed,
    Joined,
    Liked,
    Muted,
    Posted,
    Reinstated,
    Retweeted,
    Suspended,
    Unblocked,
    Unfollowed,
    Unliked,
    Unmuted,
    Unretweeted,
    Updated,
    Verified,
)
from tests.oracle.oracle import Engagement, Entry, Oracle

ANN, BOB, CYD, DAN = 1, 2, 3, 4
PEOPLE = [Joined(user, name) for user, name in enumerate(("ann", "bob", "cyd", "dan"), start=1)]
FOLLOWED = [*PEOPLE, Followed(ANN, BOB), Posted(BOB, 10, "bob's"), Posted(CYD, 11, "cyd's")]


def oracle_of(*commands: Acknowledged, before: Sequence[Acknowledged] = FOLLOWED) -> Oracle:
    return Oracle([*before, *commands])


def home(oracle: Oracle, viewer: int) -> list[int]:
    return [entry.tweet for entry in oracle.timeline(viewer)]


def ids(entries: Sequence[Entry]) -> list[int]:
    return [entry.tweet for entry in entries]


def test_the_sentence() -> None:
    oracle = oracle_of(
        Posted(BOB, 12, "from before the follow"),
        Posted(ANN, 11, "my own"),
        Followed(ANN, BOB),
        Followed(ANN, CYD),
        Posted(CYD, 13, "of one who is unfollowed"),
        Posted(BOB, 14, "deleted"),
        Unfollowed(ANN, CYD),
        Deleted(14),
        Posted(BOB, 15, "the newest"),
        before=PEOPLE,
    )
    assert home(oracle, ANN) == [15, 12, 11]
    assert home(oracle, BOB) == [15, 12]
    assert ids(oracle.tweets_of(CYD)) == [13]
    assert oracle.followers(BOB) == [ANN]
    assert oracle.following(ANN) == [BOB]
    assert oracle.followers(CYD) == []
    assert oracle.visible(12) and not oracle.visible(14) and not oracle.visible(16)


def test_suspended_is_hidden_and_comes_back() -> None:
    oracle = oracle_of(Suspended(BOB))
    assert (home(oracle, ANN), home(oracle, BOB)) == ([], [])
    assert not oracle.visible(10) and ids(oracle.tweets_of(BOB, ANN)) == []
    profile = oracle.profile(BOB)
    assert profile and (profile["status"], profile["tweets_count"]) == ("suspended", 1)
    assert oracle.following(ANN) == [BOB]
    assert home(oracle_of(Suspended(BOB), Reinstated(BOB)), ANN) == [10]


def test_deleted_account_takes_all_it_did_along() -> None:
    done = [
        Followed(BOB, CYD),
        Liked(BOB, 11),
        Retweeted(BOB, 11),
        Posted(BOB, 12, "a reply", reply_to=11),
    ]
    assert oracle_of(*done).engagement(11) == Engagement(1, 1, 1, False, False)
    oracle = oracle_of(*done, AccountDeleted(BOB))
    assert oracle.engagement(11) == Engagement(0, 0, 0, False, False)
    assert home(oracle, ANN) == ids(oracle.replies(11)) == []
    assert oracle.profile(BOB) is None and oracle.directory() == [ANN, CYD, DAN]
    assert oracle.following(ANN) == oracle.followers(CYD) == []
    profile = oracle.profile(ANN)
    assert profile and profile["following_count"] == 0


def test_profile_is_what_was_last_told() -> None:
    oracle = oracle_of(Updated(ANN, "Ann", "reads"), Updated(ANN, bio=""), Verified(ANN))
    assert oracle.profile(ANN, BOB) == {
        "user_id": "1",
        "username": "ann",
        "display_name": "Ann",
        "bio": "",
        "verified": True,
        "status": "active",
        "tweets_count": 0,
        "followers_count": 0,
        "following_count": 1,
    }
    profile = oracle.profile(BOB)
    assert profile and profile["display_name"] == "bob"


def test_block_hides_either_from_the_other_and_ends_both_follows() -> None:
    blocked = [Followed(BOB, ANN), Posted(ANN, 12, "ann's"), Blocked(BOB, ANN)]
    oracle = oracle_of(*blocked)
    assert (home(oracle, ANN), home(oracle, BOB)) == ([12], [10])
    assert not oracle.visible(10, ANN) and not oracle.visible(12, BOB)
    assert oracle.visible(10) and oracle.visible(10, CYD)
    assert oracle.profile(BOB, ANN) is None and oracle.profile(ANN, BOB) is not None
    assert oracle.relationship(ANN, BOB) == {
        "following": False,
        "followed_by": False,
        "blocking": True,
        "muting": False,
    }
    assert oracle.directory(ANN) == [ANN, CYD, DAN]
    oracle = oracle_of(*blocked, Unblocked(BOB, ANN))
    assert (home(oracle, ANN), oracle.visible(10, ANN)) == ([12], True)


def test_mute_is_for_the_home_timeline_only() -> None:
    oracle = oracle_of(Muted(ANN, BOB))
    assert home(oracle, ANN) == []
    assert oracle.visible(10, ANN) and ids(oracle.tweets_of(BOB, ANN)) == [10]
    assert oracle.relationship(BOB, ANN)["muting"]
    assert home(oracle_of(Muted(ANN, BOB), Unmuted(ANN, BOB)), ANN) == [10]


def test_lists_leave_out_who_is_blocked_and_who_is_gone() -> None:
    done = [Followed(user, CYD) for user in (ANN, BOB, DAN)] + [Followed(CYD, DAN)]
    liked = [Liked(user, 11) for user in (ANN, BOB, DAN)] + [Unliked(ANN, 11)]
    oracle = oracle_of(*done, *liked, Blocked(ANN, BOB))
    assert oracle.followers(CYD) == [ANN, BOB, DAN]
    assert oracle.followers(CYD, ANN) == [ANN, DAN]
    assert oracle.followers(CYD, BOB) == [BOB, DAN]
    assert oracle.mutuals(CYD) == [DAN]
    assert (oracle.likers(11), oracle.likers(11, ANN)) == ([BOB, DAN], [DAN])
    assert oracle.engagement(11, BOB) == Engagement(2, 0, 0, True, False)


class TestRetweets:
    REPEATED = (*FOLLOWED, Retweeted(BOB, 11), Posted(BOB, 13, "later"))

    def learned(self, *commands: Acknowledged) -> Oracle:
        oracle = Oracle([*self.REPEATED, *commands])
        if oracle.unlearned():
            assert oracle.learn(BOB, [(13, None), (12, 11), (10, None)]) == []
        return oracle

    def test_a_retweet_shows_where_its_original_does_not(self) -> None:
        oracle = self.learned()
        entry = Entry(12, BOB, "cyd's", retweet_of=11)
        assert oracle.timeline(ANN)[1] == oracle.tweets_of(BOB)[1] == entry
        assert home(oracle, ANN) == [13, 12, 10]
        assert oracle.retweeters(11) == [BOB]
        assert oracle.engagement(11, BOB) == Engagement(0, 1, 0, False, True)

    @pytest.mark.parametrize(
        "command", [Followed(ANN, CYD), Muted(ANN, CYD), Blocked(ANN, CYD), Blocked(CYD, ANN)]
    )
    def test_not_to_who_has_the_original_or_does_not_want_it(self, command: Acknowledged) -> None:
        oracle = self.learned(command)
        assert 12 not in home(oracle, ANN)
        assert (12 in ids(oracle.tweets_of(BOB, ANN))) == (not isinstance(command, Blocked))
        assert 12 in ids(oracle.tweets_of(BOB))

    @pytest.mark.parametrize("command", [Deleted(11), Suspended(CYD), AccountDeleted(CYD)])
    def test_hidden_with_its_original_but_counted(self, command: Acknowledged) -> None:
        oracle = self.learned(command)
        assert ids(oracle.tweets_of(BOB)) == [13, 10]
        profile = oracle.profile(BOB)
        assert profile and profile["tweets_count"] == 3

    def test_undone(self) -> None:
        oracle = self.learned(Unretweeted(BOB, 11))
        assert oracle.unlearned() == oracle.retweeters(11) == []
        assert home(oracle, ANN) == [13, 10]

    def test_lists_can_not_be_told_before_the_ids_are_learned(self) -> None:
        with pytest.raises(LookupError):
            Oracle(self.REPEATED).timeline(ANN)

    @pytest.mark.parametrize(
        "page",
        [
            [(13, None), (10, None)],
            [(13, None), (12, 11)],
            [(13, None), (12, 11), (11, 11), (10, None)],
            [(13, None), (12, 10), (10, None)],
        ],
        ids=["no retweet", "no tweet", "twice", "of another"],
    )
    def test_a_page_that_holds_something_else_is_not_learned(
        self, page: list[tuple[int, int | None]]
    ) -> None:
        assert Oracle(self.REPEATED).learn(BOB, page) != []

    def test_ids_must_be_in_the_order_of_the_commands(self) -> None:
        first, later = Posted(BOB, 10, "", sent=4), Posted(BOB, 20, "", sent=6)
        page = [(20, None), (15, 10), (10, None)]
        for tweet, right in ((5, False), (15, True), (25, False)):
            oracle = Oracle([*PEOPLE, first, Retweeted(BOB, 10, sent=5), later])
            assert oracle.learn(BOB, [page[0], (tweet, 10), page[2]]) == []
            assert (oracle.misplaced() == []) == right

    def test_what_ran_at_once_may_be_in_either_order(self) -> None:
        at_once = [Posted(BOB, 10, "", sent=4), Retweeted(BOB, 10, sent=5)]
        for tweet in (15, 25):
            oracle = Oracle([*PEOPLE, *at_once, Posted(BOB, 20, "", sent=5)])
            assert oracle.learn(BOB, [(20, None), (tweet, 10), (10, None)]) == []
            assert oracle.misplaced() == []


def test_a_thread_ends_where_it_is_hidden() -> None:
    talk = [
        Posted(BOB, 20, "root"),
        Posted(CYD, 21, "answers", reply_to=20),
        Posted(BOB, 22, "answers again", reply_to=21),
        Posted(DAN, 23, "so do I", reply_to=22),
        Posted(CYD, 24, "me too", reply_to=22),
    ]
    oracle = oracle_of(*talk)
    assert ids(oracle.thread(22)) == [20, 21, 22, 24, 23]
    assert ids(oracle_of(*talk, Blocked(ANN, CYD)).thread(22, ANN)) == [22, 23]
    assert ids(oracle_of(*talk, Deleted(20)).thread(22)) == [21, 22, 24, 23]
    oracle = oracle_of(*talk, Suspended(DAN), Deleted(24))
    assert ids(oracle.replies(22)) == []
    assert oracle.engagement(22).replies == 1
