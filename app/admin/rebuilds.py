"""Operators' routes about generations: building, verifying, switching and dropping them."""

import asyncio
from dataclasses import dataclass

from app import auditing, rebuilding
from app.admin.operation import Operation
from app.admin.schemas import (
    BuildOut,
    EstimateOut,
    ForceIn,
    GenerationOut,
    PaceIn,
    ServedOut,
    ShapeIn,
    VerifyIn,
    ViewsOut,
)
from app.estimating import estimate as estimated
from foldline.errors import NotFoundError
from foldline.generation import Build, Stage
from foldline.profiles import Profile
from foldline.settings import Settings
from foldline.web.call import Answer, Call, parse_id
from streams.rebuild.builds import Shape, begin, build_of, changed, unfinished
from streams.rebuild.switching import roll_back, switch


@dataclass(frozen=True, slots=True)
class Dropped:
    """A generation that is no more."""

    generation: int


async def views(operation: Operation, call: Call[None, None]) -> Answer:
    """All generations, how far each is, and the last finding of the audit."""
    profile, settings = operation.profile, operation.settings
    found = await rebuilding.status(profile, settings)
    generations = [GenerationOut.model_validate(each) for each in found]
    audit = await asyncio.to_thread(auditing.last, settings)
    ends = await profile.log.ends()
    return Answer(ViewsOut(generations=generations, log_ends=ends, audit=audit))


async def start(operation: Operation, call: Call[ShapeIn | None, None]) -> Answer:
    """Begin another generation; the hosts of projectors take it up."""
    asked = call.body or ShapeIn()
    shape = Shape(asked.buckets, asked.follower_shards, asked.cap)
    return _told(await begin(operation.profile, shape, operation.clock.now_ms()))


async def estimate(operation: Operation, call: Call[ShapeIn | None, None]) -> Answer:
    """What a rebuild would come to."""
    cap = (call.body or ShapeIn()).cap or operation.settings.cap
    found = await operation.aside.run(estimated, cap)
    return Answer(EstimateOut.model_validate(found))


async def pace(operation: Operation, call: Call[PaceIn, None]) -> Answer:
    """Slow down, pause or speed up the rebuild that is under way."""
    number = await rebuilding.set_pace(operation.profile, call.body.pace)
    return _told(await build_of(operation.profile.control, number), status=200)


async def cancel(operation: Operation, call: Call[None, None]) -> Answer:
    """End the rebuild that is under way; what it made is removed when its worker has let go."""
    control = operation.profile.control
    build = unfinished(await control.builds())
    if build is None:
        raise NotFoundError("no rebuild is under way")
    return _told(await changed(control, build.number, stage=Stage.CANCELLED))


async def verify(operation: Operation, call: Call[VerifyIn | None, None]) -> Answer:
    """Compare a generation, and the one that is served, with the log."""
    number = await _known(operation, call.path["generation"])
    sample = call.body.sample if call.body else None
    work = operation.aside.run(rebuilding.verify, number, sample)
    return Answer(operation.orders.begin(f"verify generation {number}", work), status=202)


async def serve(operation: Operation, call: Call[ForceIn | None, None]) -> Answer:
    """Serve a generation that was verified."""
    number = await _known(operation, call.path["generation"])
    force = call.body is not None and call.body.force
    overridden = await switch(operation.profile, operation.settings, number, force=force)
    return Answer(ServedOut(generation=number, overridden=overridden))


async def rollback(operation: Operation, call: Call[ForceIn | None, None]) -> Answer:
    """Serve the generation again that was served before."""
    force = call.body is not None and call.body.force
    number = await roll_back(operation.profile, operation.settings, force=force)
    return Answer(ServedOut(generation=number, overridden=[]))


async def drop(operation: Operation, call: Call[None, None]) -> Answer:
    """Remove a generation that is not served."""
    number = await _known(operation, call.path["generation"])
    work = operation.aside.run(_drop, number)
    return Answer(operation.orders.begin(f"drop generation {number}", work), status=202)


async def _drop(profile: Profile, settings: Settings, number: int) -> Dropped:
    await rebuilding.drop(profile, settings, number)
    return Dropped(number)


async def _known(operation: Operation, named: str) -> int:
    number = parse_id(named)
    if number not in {each.number for each in await operation.profile.control.generations()}:
        raise NotFoundError(f"there is no generation {named}")
    assert number is not None, "None is no generation"
    return number


def _told(build: Build, status: int = 202) -> Answer:
    body = BuildOut(generation=build.number, stage=build.stage, pace=build.pace)
    return Answer(body, status=status)
