"""How far a rebuild is, from what its parts noted."""

from collections.abc import Sequence
from dataclasses import dataclass

from foldline.generation import Build, Stage
from streams.rebuild.catching_up import PART
from streams.rebuild.notes import Folder


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` events (of the log) or, while timelines are filled, tweets looked at."""

    stage: Stage
    done: int
    total: int


def progress_of(build: Build, folder: Folder, ends: Sequence[int]) -> Progress:
    """Of a build in its stage. `ends`: where the log ends now."""
    if build.stage is Stage.REPLAYING:
        done = sum(folder.done(f"replay-{partition}") for partition in range(len(build.ends)))
        return Progress(build.stage, done, sum(build.ends))
    if build.stage is Stage.FILLING:
        totals = folder.noted("fill-*-of")
        done = sum(min(folder.done(part.removesuffix("-of")), n) for part, n in totals.items())
        return Progress(build.stage, done, sum(totals.values()))
    return Progress(build.stage, folder.done(PART), sum(ends))
