"""The embedded profile: posts that wait in the SQLite log, folded by the runner into SQLite."""

import asyncio
import os
import tempfile
import time
import uuid
from pathlib import Path
from typing import Final

from benchmarks.installation import MS, TEXT, tweet_id
from benchmarks.pipeline import Seen, each_second
from benchmarks.processor_time import ProcessorTime
from benchmarks.rounds import Figures
from benchmarks.workload import Workload
from foldline.appends import append
from foldline.clock import SystemClock
from foldline.core.codec import Envelope
from foldline.core.effects import PutEdge
from foldline.core.events import TweetPosted
from foldline.core.ids import IntArray
from foldline.core.span import Span
from foldline.profiles import Profile, open_profile
from foldline.settings import Settings
from streams.runner import Runner

_AT_ONCE: Final = 500
_LOOK_S: Final = 0.05
_SAMPLE: Final = 100


async def embedded(work: Workload, posts: IntArray) -> Figures:
    """Deliver these posts, in this process."""
    with tempfile.TemporaryDirectory(prefix="foldline-") as data_dir:
        settings = Settings(data_dir=Path(data_dir))
        profile = await open_profile(settings)
        try:
            await _load(profile, work, posts)
            runner = Runner(profile.log, profile.views, settings, SystemClock())
            used = ProcessorTime({"process": os.getpid()})
            runner.start()
            try:
                seen = await _delivered(profile, posts.size)
            finally:
                await runner.stop()
            rows = int(work.sizes[posts].sum())
            await _read_back(profile, work, posts)
            return {
                "deliveries": rows,
                "deliveries_per_s": round(rows / (seen[-1][0] - seen[0][0])),
                "cpu_us_per_delivery": used.us_each(rows),
                "posts_each_second": each_second(seen),
            }
        finally:
            await profile.close()


async def _load(profile: Profile, work: Workload, posts: IntArray) -> None:
    for author, audience in zip(work.authors.tolist(), work.audiences, strict=True):
        await profile.views.apply(
            [PutEdge(follower, author, 1) for follower in audience.tolist()], {}
        )
    authors = work.authors[posts].tolist()
    for start in range(0, posts.size, _AT_ONCE):
        some = enumerate(authors[start : start + _AT_ONCE], start + 1)
        events = [TweetPosted(author, tweet_id(number), TEXT) for number, author in some]
        envelopes = [Envelope(id=uuid.uuid4().hex, event=e, occurred_at=MS) for e in events]
        await asyncio.gather(*(append(profile.log, each, "benchmark") for each in envelopes))


async def _delivered(profile: Profile, posts: int) -> Seen:
    seen: Seen = []
    while not seen or seen[-1][1] < posts:
        folded = sum((await profile.views.progress()).values())
        seen.append((time.monotonic(), folded))
        await asyncio.sleep(_LOOK_S)
    return seen


async def _read_back(profile: Profile, work: Workload, posts: IntArray) -> None:
    for user in range(1, work.recipients + 1, max(1, work.recipients // _SAMPLE)):
        found = await profile.views.timeline(user, Span(posts.size + 1))
        assert found.tweets.size == work.entries_of(user, posts), f"timeline of {user}"
