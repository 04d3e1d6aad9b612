"""Why a tweet is in a home timeline or not, by the facts of the log."""

import pytest

from foldline.core import events as ev
from foldline.core.explained import Question, told, why_absent
from tests.core.test_ledger import CREATED, FOLLOW, POST, REPEAT, ledger_with

VIEWER, ORIGINAL_AUTHOR, AUTHOR = 1, 2, 3
ASKED = Question(VIEWER, tweet=30, author=AUTHOR, original=(20, ORIGINAL_AUTHOR))
OWN = Question(AUTHOR, tweet=30, author=AUTHOR, original=(20, ORIGINAL_AUTHOR))
PLAIN = Question(VIEWER, tweet=20, author=ORIGINAL_AUTHOR)
DELETED = ev.TweetDeleted(AUTHOR, 30, retweet_of=20, retweet_of_author=ORIGINAL_AUTHOR)


@pytest.mark.parametrize(
    ("asked", "then", "why"),
    [
        (ASKED, [FOLLOW], None),
        (OWN, [], None),
        (ASKED, [], "the viewer does not follow 3"),
        (ASKED, [FOLLOW, DELETED], "tweet 30 is deleted"),
        (ASKED, [FOLLOW, ev.UserMuted(1, 3)], "the viewer mutes 3"),
        (ASKED, [FOLLOW, ev.UserMuted(1, 2)], "of its original, the viewer mutes 2"),
        (ASKED, [FOLLOW, ev.UserFollowed(1, 2)], "the viewer has its original 20 from 2"),
        (ASKED, [FOLLOW, ev.AccountSuspended(3)], "account 3 is suspended"),
        (ASKED, [FOLLOW, ev.AccountDeleted(1)], "there is no account 1"),
        (PLAIN, [], "the viewer does not follow 2"),
        (Question(9, 20, 2), [], "there is no account 9"),
        (Question(1, 99, 2), [], "2 never posted 99"),
        (Question(1, 99, 9), [], "9 never posted 99"),
    ],
)
def test_the_rule_is_named(asked: Question, then: list[ev.Event], why: str | None) -> None:
    assert why_absent(ledger_with(*CREATED, POST, REPEAT, *then), asked) == why


CONCERN = [
    (POST, "2 posted 20"),
    (REPEAT, "3 posted 30"),
    (DELETED, "3 deleted 30"),
    (FOLLOW, "1 followed 3"),
    (ev.UserUnfollowed(1, 2), "1 unfollowed 2"),
    (ev.FollowBarred(1, 3, 5), "3 blocks 1: follows are refused"),
    (ev.FollowUnbarred(1, 3, 5), "3 does not block 1: follows are taken"),
    (ev.UserBlocked(3, 1), "3 blocked 1"),
    (ev.UserUnblocked(1, 3), "1 unblocked 3"),
    (ev.UserMuted(1, 2), "1 muted 2"),
    (ev.UserUnmuted(1, 3), "1 unmuted 3"),
    (ev.AccountCreated(1, "ada"), "account 1 was created"),
    (ev.AccountSuspended(3), "account 3 was suspended"),
    (ev.AccountReinstated(2), "account 2 was reinstated"),
    (ev.AccountDeleted(3), "account 3 was deleted"),
    (ev.AuthorPromoted(3, 7), "3 became a celebrity, with 7 followers"),
    (ev.AuthorDemoted(3, 7), "3 was a celebrity no longer, with 7 followers"),
]
NO_CONCERN = [
    ev.TweetPosted(3, 31, "another"),
    ev.UserFollowed(4, 3),
    ev.UserFollowed(1, 4),
    ev.UserBlocked(2, 3),
    ev.UserBlocked(4, 1),
    ev.UserMuted(3, 1),
    ev.UserMuted(1, 4),
    ev.AccountUpdated(3, bio="new"),
    ev.AccountVerified(1),
    ev.AccountSuspended(4),
    ev.AuthorPromoted(2, 7),
    ev.TweetLiked(3, 30, 1),
]


@pytest.mark.parametrize(("event", "words"), CONCERN)
def test_what_concerns_a_question_is_told(event: ev.Event, words: str) -> None:
    assert ASKED.concerns(event)
    assert told(event) == words


@pytest.mark.parametrize("event", NO_CONCERN)
def test_what_does_not_is_left_out(event: ev.Event) -> None:
    assert not ASKED.concerns(event)


def test_without_an_original_only_the_author_matters() -> None:
    assert PLAIN.authors == {ORIGINAL_AUTHOR}
    assert not PLAIN.concerns(REPEAT)
