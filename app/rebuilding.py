"""`foldline rebuild`: what its commands do, over an opened profile."""

import asyncio
import random
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from app.generations import preparing, removing
from app.progress import progress
from foldline.clock import SystemClock
from foldline.core.position import lag_of
from foldline.errors import NotFoundError
from foldline.generation import UNFINISHED, Build, Generation, Stage, Verdict
from foldline.profiles import Profile, views_of
from foldline.settings import Settings
from query.served import depth_of, readers
from streams.keeping import kept
from streams.rebuild.builds import Shape, changed, unfinished
from streams.rebuild.job import Rebuild
from streams.rebuild.notes import Folder
from streams.rebuild.progress import progress_of
from streams.rebuild.switching import cancel as cancel_build
from streams.rebuild.switching import drop as drop_generation
from streams.rebuild.verifying import Findings, Verification
from streams.tailed_ledger import TailedLedger

_LOOK_EVERY_S: Final = 0.5
_logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class GenerationStatus:
    """One generation: `lag` in events, None while it is being built; `progress`: how far that is;
    `verdict`: of its last verification."""

    number: int
    served: bool
    stage: str
    buckets: int
    follower_shards: int
    cap: int
    lag: int | None = None
    progress: dict[str, Any] | None = None
    verdict: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification found: of how many accounts and buckets, at which position, and of each
    generation how many accounts differ, in which parts, with examples."""

    generation: int
    accounts: int
    everyone: bool
    buckets: int
    buckets_that_differ: int
    upto: list[int]
    differing: dict[int, int] = field(default_factory=dict)
    parts: dict[int, dict[str, int]] = field(default_factory=dict)
    examples: dict[int, list[str]] = field(default_factory=dict)
    unsettled: dict[int, int] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """Whether nothing speaks against the generation that was verified."""
        return not (self.differing[self.generation] or self.unsettled[self.generation])


async def start(profile: Profile, settings: Settings, shape: Shape) -> Build:
    """Build a generation, or go on with one that was cut off, and show how far it is."""
    stages: asyncio.Queue[Build] = asyncio.Queue(len(Stage))
    rebuild = Rebuild(profile, settings, SystemClock(), preparing(settings))
    running = asyncio.ensure_future(rebuild.run(shape, stages.put_nowait))
    showing = asyncio.ensure_future(_show(profile, settings, stages))
    try:
        return await running
    finally:
        showing.cancel()
        running.cancel()
        await asyncio.wait([running, showing])


async def _show(profile: Profile, settings: Settings, stages: "asyncio.Queue[Build]") -> None:
    """A bar for each stage, until it is over."""
    build = await stages.get()
    while build.stage in UNFINISHED:
        folder = Folder.of(settings, build.number)
        first = progress_of(build, folder, await profile.log.ends())
        while not first.total and stages.empty():  # it is not known yet
            await asyncio.sleep(_LOOK_EVERY_S)
            first = progress_of(build, folder, await profile.log.ends())
        what = f"generation {build.number}: {build.stage}"
        with progress(what, first.total) as advance:
            shown = 0
            while stages.empty():
                found = progress_of(build, folder, await profile.log.ends())
                advance(max(found.done - shown, 0))
                shown = max(found.done, shown)
                await asyncio.sleep(_LOOK_EVERY_S)
        build = await stages.get()


async def take_up(profile: Profile, settings: Settings) -> None:
    """Go on with what is unfinished: a rebuild, or else the end of one that was cancelled."""
    if unfinished(await profile.control.builds()) is None:
        await cancel_build(profile, settings, removing(settings))
        return
    rebuild = Rebuild(profile, settings, SystemClock(), preparing(settings))
    await rebuild.run(Shape(), lambda build: _logger.info("rebuild", stage=build.stage))


async def status(profile: Profile, settings: Settings) -> list[GenerationStatus]:
    """Every generation that was not dropped."""
    builds = {build.number: build for build in await profile.control.builds()}
    served = (await profile.control.active_generation()).number
    found = []
    for generation in await profile.control.generations():
        build = builds.get(generation.number)
        told: dict[str, Any] = {}
        if build is not None and build.stage in UNFINISHED:
            folder = Folder.of(settings, build.number)
            at = progress_of(build, folder, await profile.log.ends())
            told["progress"] = {"done": at.done, "total": at.total, "pace": build.pace}
        elif build is None or build.stage is Stage.FOLLOWING:
            told["lag"] = await _lag(profile, settings, generation)
        if build is not None and build.verdict is not None:
            verdict = build.verdict
            told["verdict"] = {
                "clean": verdict.clean,
                "accounts": verdict.users,
                "everyone": verdict.everyone,
                "differing": verdict.differences,
                "unsettled": verdict.unsettled,
                "at": verdict.at,
            }
        stage = Stage.FOLLOWING if build is None else build.stage
        shape = generation.buckets, generation.follower_shards, generation.cap or settings.cap
        number = generation.number
        found.append(GenerationStatus(number, number == served, stage, *shape, **told))
    return found


async def _lag(profile: Profile, settings: Settings, generation: Generation) -> int:
    async with views_of(settings, generation) as views:
        return lag_of(await views.progress(), await profile.log.ends())


async def verify(
    profile: Profile, settings: Settings, number: int | None, sample: int | None
) -> Verified:
    """Compare a built generation and the one that is served with the log, and note the verdict."""
    number = await built(profile, number)
    found = {each.number: each for each in await kept(profile.control)}
    if number not in found:
        raise NotFoundError(f"generation {number} is not kept; there are {sorted(found)}")
    served = (await profile.control.active_generation()).number
    async with AsyncExitStack() as opened:
        views = {
            n: await opened.enter_async_context(views_of(settings, found[n]))
            for n in sorted({served, number})
        }
        ledger = await TailedLedger.open(profile.log, settings.log_epoch)
        opened.push_async_callback(ledger.close)
        depth = depth_of(found[number].cap or settings.cap)
        verification = Verification(profile.log, ledger, views, readers(depth), depth)
        users = everyone = await verification.users()
        if sample is not None and sample < len(everyone):
            users = sorted(random.sample(everyone, sample))
        with progress(f"generation {number}: verifying", len(users)) as advance:
            await verification.run(users, found[number].buckets, advance)
    own = verification.findings[number]
    verdict = Verdict(
        SystemClock().now_ms(),
        verification.upto,
        verification.compared,
        everyone=users is everyone,
        differences=own.users,
        unsettled=own.unsettled,
    )
    if number != 1:
        await changed(profile.control, number, verdict=verdict)
    return _verified(number, verification, verdict)


async def set_pace(profile: Profile, pace: float) -> int:
    """Let the rebuild that is under way work this share of its time; the number."""
    build = unfinished(await profile.control.builds())
    if build is None:
        raise NotFoundError("no rebuild is under way")
    await changed(profile.control, build.number, pace=pace)
    return build.number


async def cancel(profile: Profile, settings: Settings) -> int:
    """End the rebuild that is under way; the number."""
    return await cancel_build(profile, settings, removing(settings))


async def drop(profile: Profile, settings: Settings, number: int) -> None:
    """Remove a generation that is not served."""
    await drop_generation(profile, settings, number, removing(settings))


async def built(profile: Profile, number: int | None) -> int:
    """The generation that is meant: the newest that is kept beside the one that is served."""
    if number is not None:
        return number
    served = (await profile.control.active_generation()).number
    others = [each.number for each in await kept(profile.control) if each.number != served]
    if not others:
        raise NotFoundError("no generation is kept beside the one that is served")
    return others[-1]


def _verified(number: int, verification: Verification, verdict: Verdict) -> Verified:
    findings: dict[int, Findings] = verification.findings
    return Verified(
        number,
        verification.compared,
        verdict.everyone,
        verification.buckets,
        verification.buckets_that_differ,
        list(verification.upto),
        {n: each.users for n, each in findings.items()},
        {n: dict(each.parts) for n, each in findings.items()},
        {n: [str(e) for e in each.examples] for n, each in findings.items()},
        {n: each.unsettled for n, each in findings.items()},
    )
