"""The write phase of a rebuild: the timeline rows of a workload, by as many processes."""

import time

import numpy as np

from benchmarks.installation import Measured, read_back, tweet_id
from benchmarks.rounds import Figures
from foldline.core.ids import IntArray
from foldline.core.survivors import Source
from foldline.generation import Build, Stage
from streams.rebuild.filling import shares_of
from streams.rebuild.notes import Folder
from streams.rebuild.parts import fill, in_parallel
from streams.rebuild.segments import save


async def filling(made: Measured, posts: IntArray) -> Figures:
    """Write all rows of these posts into empty timelines, none of which gets full."""
    settings = made.settings.model_copy(update={"cap": posts.size})
    build = Build(made.profile.generation, Stage.FILLING, (), 0)
    folder = Folder.of(settings, build.number)
    folder.make()
    save(folder.segment(0, 0), _sources(made, posts))
    shares = shares_of(settings, build, folder)
    began = time.monotonic()
    async with in_parallel(shares) as run:
        await run(fill, [(settings, build, each, shares) for each in range(shares)])
    took = time.monotonic() - began
    await read_back(made.profile.views, made.work, posts)
    rows = int(made.work.sizes[posts].sum())
    return {"deliveries": rows, "deliveries_per_s": round(rows / took), "processes": shares}


def _sources(made: Measured, posts: IntArray) -> list[Source]:
    tweets = np.array([tweet_id(number) for number in range(1, posts.size + 1)], dtype=np.int64)
    found = []
    for place, (author, audience) in enumerate(
        zip(made.work.authors.tolist(), made.work.audiences, strict=True)
    ):
        own = tweets[posts == place]
        found.append(Source(author, audience, own, np.ones_like(own)))
    return found
