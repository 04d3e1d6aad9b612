"""The oracle itself, by an example that can be checked by eye."""

from tests.oracle.oracle import Deleted, Followed, Joined, Oracle, Posted, Unfollowed

ANN, BOB, CYD = 1, 2, 3


def test_the_sentence() -> None:
    oracle = Oracle(
        [
            *(Joined(user, name) for user, name in ((ANN, "ann"), (BOB, "bob"), (CYD, "cyd"))),
            Posted(BOB, 12, "from before the follow"),
            Posted(ANN, 11, "my own"),
            Followed(ANN, BOB),
            Followed(ANN, CYD),
            Posted(CYD, 13, "of one who is unfollowed"),
            Posted(BOB, 14, "deleted"),
            Unfollowed(ANN, CYD),
            Deleted(14),
            Posted(BOB, 15, "the newest"),
        ]
    )
    assert [post.tweet for post in oracle.timeline(ANN)] == [15, 12, 11]
    assert [post.tweet for post in oracle.timeline(BOB)] == [15, 12]
    assert [post.tweet for post in oracle.tweets_of(CYD)] == [13]
    assert oracle.followers(BOB) == [ANN]
    assert oracle.following(ANN) == [BOB]
    assert oracle.followers(CYD) == []
