"""The embedded profile: posts that wait in the SQLite log, folded by the runner into SQLite."""

import asyncio
import os
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks.installation import append_posts, read_back
from benchmarks.pipeline import Seen, each_second
from benchmarks.processor_time import ProcessorTime
from benchmarks.rounds import Figures
from benchmarks.workload import Workload
from foldline.clock import SystemClock
from foldline.core.effects import PutEdge
from foldline.core.ids import IntArray
from foldline.profiles import Profile, open_profile
from foldline.settings import Settings
from streams.runner import Runner

_LOOK_S: Final = 0.05


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
            await read_back(profile.views, work, posts)
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
    await append_posts(profile.log, work, posts)


async def _delivered(profile: Profile, posts: int) -> Seen:
    seen: Seen = []
    while not seen or seen[-1][1] < posts:
        folded = sum((await profile.views.progress()).values())
        seen.append((time.monotonic(), folded))
        await asyncio.sleep(_LOOK_S)
    return seen
