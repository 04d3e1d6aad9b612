"""A view built from what survives of a log, and kept current from there on, is as good as one that
was folded event by event."""

from collections.abc import Sequence
from random import Random

import numpy as np
import pytest

from foldline.core import effects as fx
from foldline.core import events as ev
from foldline.core.newest_first import NewestFirst
from foldline.core.position import stamp_of
from foldline.core.survivors import Source, Survivors
from tests.core.test_histories import served_wrongly
from tests.core.view import View, writes_of
from tests.core.workers import CAP, Workers
from tests.core.worlds import World, random_world

FEW = 300
MANY = 3_000


def rebuilt(world: World, ends: Sequence[int]) -> View:
    """A view of the beginnings of the logs, as a rebuild writes it."""
    view, sources = View(), list[Source]()
    for log, end in zip(world.logs, ends, strict=True):
        survivors = Survivors()
        for offset, event in enumerate(log[:end]):
            survivors.take(event, stamp_of(offset))
        for write in writes_of(survivors.effects()):
            view.write(write)
        sources += survivors.sources()
    newest_first = NewestFirst(sources, CAP)
    effects: list[fx.Effect] = [step.deliver for step in newest_first.steps()]
    for write in writes_of([*effects, *newest_first.floors()]):
        view.write(write)
    return view


def history(rng: Random) -> list[str]:
    """Rebuild a random history up to anywhere, catch up under faults, and tell what is wrong."""
    world = random_world(rng)
    Workers(world, rng).run()
    ends = [rng.randint(0, len(log)) for log in world.logs]
    if rng.random() < 0.3:
        ends = [len(log) for log in world.logs]
    workers = Workers(world, rng, rebuilt(world, ends), ends)
    workers.run()
    return served_wrongly(workers, world, rng)


@pytest.mark.parametrize(
    "seeds",
    [
        pytest.param(range(FEW), id="few"),
        pytest.param(range(FEW, MANY), id="many", marks=pytest.mark.full),
    ],
)
def test_every_rebuilt_view_ends_in_the_oracles_timelines(seeds: range) -> None:
    failed = {seed: wrong for seed in seeds if (wrong := history(Random(seed)))}
    assert not failed, f"{len(failed)} of {len(seeds)}, at first {list(failed.items())[:3]}"


def survivors_of(*events: ev.Event) -> Survivors:
    survivors = Survivors()
    for offset, event in enumerate(events):
        survivors.take(event, stamp_of(offset))
    return survivors


def test_what_was_taken_out_again_leaves_nothing() -> None:
    survivors = survivors_of(
        ev.UserFollowed(1, 2),
        ev.UserUnfollowed(1, 2),
        ev.UserMuted(1, 2),
        ev.UserUnmuted(1, 2),
        ev.TweetLiked(2, 20, 1),
        ev.TweetUnliked(2, 20, 1),
        ev.AuthorPromoted(2, 1),
        ev.AuthorDemoted(2, 0),
    )
    kinds = {type(effect) for effect in survivors.effects()}
    assert kinds <= {fx.SetCounts, fx.SetEngagement, fx.PutWord}
    assert list(survivors.sources()) == []


def test_its_size_is_of_what_survives() -> None:
    posted, liked = ev.TweetPosted(2, 20, "hi"), ev.TweetLiked(2, 20, 1)
    before = survivors_of(posted).size()
    assert survivors_of(posted, *(liked, ev.TweetUnliked(2, 20, 1)) * 9).size() == before
    one = survivors_of(posted, *[liked] * 9).size() - before
    assert one > 0
    assert survivors_of(posted, liked, ev.TweetLiked(2, 20, 3)).size() == before + 2 * one


def test_likes_that_survive_are_counted_beside_what_else_was_done() -> None:
    kept = {
        (type(effect), getattr(effect, "user_id", None)): effect
        for effect in survivors_of(
            ev.TweetLiked(2, 20, 1),
            ev.TweetLiked(2, 20, 3),
            ev.TweetReplied(2, 20, reply_id=30, user_id=3),
            ev.TweetUnliked(2, 20, 1),
            ev.TweetLiked(2, 20, 4),
            ev.TweetLiked(2, 20, 1),
            ev.TweetUnliked(2, 20, 4),
        ).effects()
    }
    assert kept == {
        (fx.SetLike, 1): fx.SetLike(20, 2, 1, True, stamp_of(5)),
        (fx.SetLike, 3): fx.SetLike(20, 2, 3, True, stamp_of(1)),
        (fx.PutReference, None): fx.PutReference(
            fx.ReferenceKind.REPLY, 20, by_tweet_id=30, by_user_id=3, stamp=stamp_of(2)
        ),
        (fx.SetEngagement, None): fx.SetEngagement(20, 2, 0, 1, stamp_of(5)),
    }


def test_of_a_deleted_tweet_the_row_stays_without_its_text() -> None:
    posted, gone = ev.TweetPosted(2, 20, "gone"), ev.TweetDeleted(2, 20)
    kept = {type(effect): effect for effect in survivors_of(posted, gone).effects()}
    put, marker = kept[fx.PutTweet], kept[fx.DeleteTweet]
    assert isinstance(put, fx.PutTweet) and isinstance(marker, fx.DeleteTweet)
    assert (put.text, put.stamp, marker.stamp) == ("", stamp_of(0), stamp_of(1))


def test_the_followers_of_a_deleted_account_follow_it_no_more() -> None:
    survivors = survivors_of(ev.AccountCreated(2, "b"), ev.UserFollowed(1, 2), ev.AccountDeleted(2))
    assert not [effect for effect in survivors.effects() if isinstance(effect, fx.PutEdge)]


def test_a_dead_letter_survives() -> None:
    letter = fx.PutDeadLetter(0, 3, "why", b"what", stamp_of(3))
    survivors = Survivors()
    survivors.put(letter)
    assert list(survivors.effects()) == [letter]


def test_celebrities_and_those_without_followers_are_no_sources() -> None:
    post, follow = ev.TweetPosted(2, 20, "a"), ev.UserFollowed(1, 2)
    (source,) = survivors_of(post, follow).sources()
    assert (source.author_id, source.followers.tolist()) == (2, [1])
    assert (source.tweets.tolist(), source.stamps.tolist()) == ([20], [stamp_of(0)])
    assert list(survivors_of(post).sources()) == []
    assert list(survivors_of(follow).sources()) == []
    assert list(survivors_of(post, follow, ev.AuthorPromoted(2, 1)).sources()) == []


def ids(*values: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, dtype=np.int64)


def test_the_newest_tweets_come_first_until_each_cap_is_full() -> None:
    sources = [
        Source(7, ids(1, 2), ids(10, 30, 50), ids(1, 3, 5)),
        Source(8, ids(2), ids(20, 40), ids(2, 4)),
    ]
    newest_first = NewestFirst(sources, cap=2)
    assert newest_first.tweets == 5
    steps = list(newest_first.steps())
    told = [(s.deliver.tweets.tolist(), s.deliver.recipients.tolist(), s.looked_at) for s in steps]
    assert told == [([50], [1, 2], 1), ([40], [2], 2), ([30], [1], 3)]
    assert [(s.deliver.author_id, s.deliver.stamp) for s in steps] == [(7, 5), (8, 4), (7, 3)]
    floors = {user: f.floor for f in newest_first.floors() for user in f.users.tolist()}
    assert floors == {1: 30, 2: 40}


def test_of_nothing_there_is_nothing_to_deliver() -> None:
    newest_first = NewestFirst([], cap=2)
    assert (newest_first.tweets, list(newest_first.steps()), list(newest_first.floors())) == (
        *(0, [], []),
    )
