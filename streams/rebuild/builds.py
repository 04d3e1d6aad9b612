"""Builds as the control store has them: which is under way, and changes of one that stand."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from foldline.control.generations import Generations
from foldline.errors import ConflictError, NotFoundError
from foldline.generation import UNFINISHED, Build, Stage

_TRIES: Final = 10


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
