"""Writes that overtake each other: a write is held up, and what comes behind it is not."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from foldline.appends import append
from foldline.clock import SystemClock
from foldline.core.codec import Envelope
from foldline.core.effects import Deliver, Effect, PutTweet
from foldline.core.events import Event, TweetPosted, UserFollowed
from foldline.core.ids import partition_of
from foldline.core.position import Position
from foldline.core.span import Span
from foldline.profiles import Profile, open_profile
from foldline.settings import Settings
from streams.projector import Projector
from tests.conftest import WorldSettings

PATIENCE_S = 20.0


class HeldUp:
    """The views, where a write that `holds` says waits until it may go on, and one that `fails`
    says raises."""

    def __init__(self, views: Any) -> None:
        self._views = views
        self.holds: Callable[[Effect], bool] = lambda effect: False
        self.fails: Callable[[Effect], bool] = lambda effect: False
        self.released = asyncio.Event()
        self.held = 0
        self.rows_at_once = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._views, name)

    async def apply(self, effects: Sequence[Effect], progress: Mapping[int, int]) -> None:
        if any(map(self.fails, effects)):
            raise ValueError("a defect")
        if any(map(self.holds, effects)):
            self.held += 1
            await self.released.wait()
        delivered = [effect for effect in effects if isinstance(effect, Deliver)]
        rows = sum(effect.recipients.size * effect.tweets.size for effect in delivered)
        self.rows_at_once = max(rows, self.rows_at_once)
        await self._views.apply(effects, progress)


@dataclass
class Folding:
    """A projector over a real log and real views."""

    settings: Settings
    profile: Profile
    views: HeldUp
    projector: Projector

    async def fold(self, *events: Event) -> list[Position]:
        """Append the events and fold them as one batch."""
        places = []
        for event in events:
            envelope = Envelope(id=uuid.uuid4().hex, event=event, occurred_at=1_700_000_000_000)
            places.append(await append(self.profile.log, envelope, "test"))
        reader = await self.profile.log.reader({p.partition: p.offset for p in reversed(places)})
        await self.projector.apply(await reader.take(len(events), PATIENCE_S))
        await reader.close()
        return places

    def key(self, partition: int, number: int = 0) -> int:
        """An account of the partition."""
        keys = (
            k for k in range(1, 10_000) if partition_of(k, self.profile.log.partitions) == partition
        )
        return [next(keys) for _ in range(number + 1)][-1]

    async def timeline(self, user: int) -> list[int]:
        rows = await self.profile.views.timeline(user, Span(100))
        return [int(tweet) for tweet in rows.tweets]


@pytest.fixture
async def folding(world_settings: WorldSettings) -> AsyncIterator[Folding]:
    settings = world_settings("embedded", audience_cache_bytes=1, rows_per_part=100)
    profile = await open_profile(settings)
    views = HeldUp(profile.views)
    projector = Projector(profile.log, views, settings, SystemClock())
    await projector.assign(range(profile.log.partitions))
    yield Folding(settings, profile, views, projector)
    views.released.set()
    await profile.close()


async def until(ready: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not await ready():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def slow(effect: Effect) -> bool:
    return isinstance(effect, PutTweet) and effect.text == "slow"


async def test_progress_waits_for_what_is_held_up_and_the_rows_behind_it_do_not(
    folding: Folding,
) -> None:
    folding.views.holds = slow
    one, other = folding.key(0), folding.key(1)
    await folding.fold(TweetPosted(one, 1, "slow"))
    await folding.fold(TweetPosted(one, 2, "behind it"), TweetPosted(other, 3, "elsewhere"))
    await folding.fold(TweetPosted(other, 4, "elsewhere"))

    async def others_are_done() -> bool:
        return folding.projector.progress[1] == 2

    await until(others_are_done)
    assert sorted(await folding.profile.views.tweets([1, 2, 3, 4])) == [2, 3, 4]
    stored = await folding.profile.views.progress()
    assert (stored.get(0, 0), stored[1], folding.projector.progress[0]) == (0, 2, 0)
    folding.views.released.set()
    await folding.projector.stop()
    assert await folding.profile.views.progress() == {0: 2, 1: 2}
    assert dict(folding.projector.progress) == {0: 2, 1: 2, 2: 0, 3: 0}
    assert sorted(await folding.profile.views.tweets([1, 2, 3, 4])) == [1, 2, 3, 4]


async def test_it_is_quiet_when_all_parts_are_written(folding: Folding) -> None:
    await asyncio.wait_for(folding.projector.quiet(), PATIENCE_S)
    folding.views.holds = slow
    await folding.fold(TweetPosted(folding.key(0), 1, "slow"))
    await folding.fold(TweetPosted(folding.key(1), 2, "soon done"))
    quiet = asyncio.ensure_future(folding.projector.quiet())
    done, _ = await asyncio.wait([quiet], timeout=0.3)
    assert not done
    folding.views.released.set()
    await asyncio.wait_for(quiet, PATIENCE_S)
    assert await folding.profile.views.progress() == {0: 1, 1: 1}


async def test_a_follow_that_is_not_written_yet_counts_for_the_next_tweet(folding: Folding) -> None:
    author = folding.key(2)
    folding.views.holds = lambda effect: not isinstance(effect, PutTweet | Deliver)
    await folding.fold(UserFollowed(77, author))
    await folding.fold(TweetPosted(author, 5, "to the new follower"))
    folding.views.released.set()
    await folding.projector.stop()
    assert await folding.timeline(77) == [5]


async def test_a_tweet_to_very_many_goes_by_slices_and_leaves_room(folding: Folding) -> None:
    author, others = folding.key(0), [folding.key(1, number) for number in range(20)]
    audience = range(1_000, 1_950)
    edges = [UserFollowed(follower, author) for follower in audience]
    for start in range(0, len(edges), 200):
        await folding.fold(*edges[start : start + 200])
    folding.views.holds = lambda effect: isinstance(effect, Deliver) and effect.recipients.size > 50
    await folding.fold(TweetPosted(author, 6, "to all of them"))
    for number, other in enumerate(others):
        await folding.fold(TweetPosted(other, 100 + number, "meanwhile"))

    async def others_are_done() -> bool:
        return folding.projector.progress[1] == len(others)

    await until(others_are_done)
    assert folding.projector.progress[0] == len(edges)
    await asyncio.wait_for(folding.projector.quiet(), PATIENCE_S)
    folding.views.released.set()
    await folding.projector.stop()
    assert folding.projector.progress[0] == len(edges) + 1
    assert folding.views.rows_at_once <= folding.settings.rows_per_part
    assert [await folding.timeline(user) for user in audience] == [[6]] * len(audience)


async def test_a_write_that_fails_for_good_ends_the_projector(folding: Folding) -> None:
    folding.views.fails = slow
    author = folding.key(3)
    waiting = asyncio.ensure_future(folding.projector.failure())
    await folding.fold(TweetPosted(author, 7, "slow"))
    with pytest.raises(ValueError, match="a defect"):
        await asyncio.wait_for(waiting, PATIENCE_S)
    with pytest.raises(ValueError, match="a defect"):
        await folding.fold(TweetPosted(author, 8, "after it"))
    with pytest.raises(ValueError, match="a defect"):
        await folding.projector.stop()
    assert await folding.profile.views.progress() == {}


async def test_what_comes_after_the_stop_is_passed_over(folding: Folding) -> None:
    author = folding.key(1)
    await folding.fold(TweetPosted(author, 9, "before"))
    await folding.projector.stop()
    await folding.fold(TweetPosted(author, 10, "after"))
    assert await folding.profile.views.progress() == {1: 1}


async def test_a_pause_ends_the_batch_and_what_is_left_comes_again(folding: Folding) -> None:
    author = folding.key(2)
    audience = [UserFollowed(follower, author) for follower in range(1_000, 1_060)]
    await folding.fold(*audience)
    folding.views.holds = lambda effect: isinstance(effect, Deliver)
    posts = [TweetPosted(author, 20 + number, "post") for number in range(9)]
    folded = asyncio.ensure_future(folding.fold(*posts))

    async def no_room() -> bool:  # each post is a part
        return folding.views.held == 3

    await until(no_room)
    folding.projector.pause()
    folding.views.released.set()
    await folded
    await folding.projector.assign(range(folding.profile.log.partitions))
    done = folding.projector.progress[2] - len(audience)
    assert 0 < done < len(posts)
    reader = await folding.profile.log.reader({2: folding.projector.progress[2]})
    await folding.projector.apply(await reader.take(len(posts), PATIENCE_S))
    await reader.close()
    await folding.projector.stop()
    assert folding.projector.progress[2] == len(audience) + len(posts)
    assert await folding.timeline(1_000) == [post.tweet_id for post in reversed(posts)]
