"""Builds as the control store has them: which is under way, and changes of one that stand."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from foldline.control.generations import Generations
from foldline.errors import ConflictError, NotFoundError
from foldline.generation import UNFINISHED, Build, Generation, Stage
from foldline.profiles import Profile

_TRIES: Final = 10


@dataclass(frozen=True, slots=True)
class Shape:
    """What may differ from the generation that is served; 0: nothing."""

    buckets: int = 0
    follower_shards: int = 0
    cap: int = 0

    def over(self, number: int, served: Generation) -> Generation:
        """Generation `number`, made of the one that is served."""
        return Generation(
            number,
            self.buckets or served.buckets,
            self.follower_shards or served.follower_shards,
            self.cap or served.cap,
        )


async def begin(profile: Profile, shape: Shape, now_ms: int) -> Build:
    """Note a build of all that the log has now; whoever works on rebuilds takes it up. Raises
    `ConflictError` where one is under way."""
    builds = await profile.control.builds()
    if (found := unfinished(builds)) is not None:
        raise ConflictError(f"generation {found.number} is being built: wait for it, or cancel it")
    served = await profile.control.active_generation()
    number = 1 + max(g.number for g in [served, *(build.generation for build in builds)])
    ends = tuple(await profile.log.ends())
    build = Build(shape.over(number, served), Stage.REPLAYING, ends, now_ms)
    if not await profile.control.begin_build(build):
        raise ConflictError(f"generation {number} was begun by another just now")
    return build


def unfinished(builds: Iterable[Build]) -> Build | None:
    """The one that is under way, or was cut off."""
    return next((build for build in builds if build.stage in UNFINISHED), None)


async def build_of(control: Generations, number: int) -> Build:
    """How a generation was built. Raises `NotFoundError`."""
    found = [build for build in await control.builds() if build.number == number]
    if not found:
        raise NotFoundError(f"no generation {number} was ever built beside another")
    return found[0]


async def changed(control: Generations, number: int, **news: Any) -> Build:
    """Change what is given of a build, whatever another changes meanwhile; one that was cancelled
    or dropped stays what it is. Raises `ConflictError`."""
    for _ in range(_TRIES):
        old = await build_of(control, number)
        if old.stage in (Stage.CANCELLED, Stage.DROPPED) and news.get("stage") != Stage.DROPPED:
            raise ConflictError(f"generation {number} was {old.stage}")
        new = msgspec.structs.replace(old, revision=old.revision + 1, **news)
        if await control.change_build(old, new):
            return new
    raise ConflictError(f"generation {number} is changed by others all the time: try again")
