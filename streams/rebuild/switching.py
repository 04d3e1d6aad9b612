"""Which generation is served: switching, rolling back, cancelling and dropping.

To switch is one conditional write, and so is to roll back: it is the same act. Both generations are
kept current before and after it, so nothing is lost either way.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from foldline.core.position import lag_of
from foldline.errors import ConflictError, NotFoundError
from foldline.generation import UNFINISHED, Build, Generation, Stage
from foldline.profiles import Profile, views_of
from foldline.settings import Settings
from streams.keeping import kept
from streams.rebuild.builds import build_of, changed, unfinished
from streams.rebuild.job import LEASE, is_gone
from streams.rebuild.notes import Folder

_BEHIND_MAX: Final = 1_000
_HOSTS_LET_GO_S: Final = 3.0
_POLL_S: Final = 0.5

Remove = Callable[[int], Awaitable[object]]
"""Removes what the stores have of a generation. Repeatable."""


async def switch(profile: Profile, settings: Settings, number: int, *, force: bool) -> list[str]:
    """Serve generation `number`. What speaks against it: `ConflictError` if anything does, unless
    it is forced; then this is what was overridden."""
    control = profile.control
    served = await control.active_generation()
    if served.number == number:
        return []
    against = [
        *(await _against_its_build(profile, number)),
        *(await _against_its_progress(profile, settings, number)),
    ]
    _unless_forced(number, against, force=force)
    if number != 1:
        await changed(control, number, instead_of=served.number)
    await _activate(profile, number, instead_of=served.number)
    return against


async def roll_back(profile: Profile, settings: Settings, *, force: bool) -> int:
    """Serve the generation again that was served before; its number."""
    control = profile.control
    served = await control.active_generation()
    previous = (await build_of(control, served.number)).instead_of if served.number != 1 else 0
    if not previous:
        raise ConflictError(
            f"no generation was served before {served.number}; name one with `rebuild switch`"
        )
    against = await _against_its_progress(profile, settings, previous)
    _unless_forced(previous, against, force=force)
    await _activate(profile, previous, instead_of=served.number)
    return previous


async def cancel(profile: Profile, settings: Settings, remove: Remove) -> int:
    """End the rebuild that is under way, and remove what it made; the number."""
    control = profile.control
    builds = await control.builds()
    build = unfinished(builds) or next((b for b in builds if b.stage is Stage.CANCELLED), None)
    if build is None:
        raise NotFoundError("no rebuild is under way")
    if build.stage in UNFINISHED:
        await changed(control, build.number, stage=Stage.CANCELLED)
    holder = await _lease_is_free(profile, settings)
    try:
        await _remove(profile, settings, build.number, remove)
        await changed(control, build.number, stage=Stage.DROPPED)
    finally:
        await control.give_lease(LEASE, holder)
    return build.number


async def drop(profile: Profile, settings: Settings, number: int, remove: Remove) -> None:
    """Remove a generation that is not served."""
    control = profile.control
    served = await control.active_generation()
    if served.number == number:
        raise ConflictError(f"generation {number} is served: switch to another one before")
    builds = {build.number: build for build in await control.builds()}
    if number != 1 and number not in builds:
        raise NotFoundError(f"there is no generation {number}")
    if number in builds and builds[number].stage in UNFINISHED:
        raise ConflictError(
            f"generation {number} is being built: `foldline rebuild cancel` ends it"
        )
    if number in {each.number for each in await control.generations()}:
        await _derived_all(profile, settings, number, builds.get(served.number))
    if number in builds:
        await changed(control, number, stage=Stage.DROPPED)
    await _remove(profile, settings, number, remove)


def _unless_forced(number: int, against: Sequence[str], *, force: bool) -> None:
    if against and not force:
        raise ConflictError(f"generation {number} is not switched to: {'; '.join(against)}")


async def _activate(profile: Profile, number: int, instead_of: int) -> None:
    if not await profile.control.activate(number, instead_of):
        raise ConflictError("another generation was switched to just now: look at the status")


async def _remove(profile: Profile, settings: Settings, number: int, remove: Remove) -> None:
    await profile.control.forget_generation(number)
    await asyncio.sleep(_HOSTS_LET_GO_S)
    await remove(number)
    Folder.of(settings, number).remove()


async def _against_its_build(profile: Profile, number: int) -> list[str]:
    """What its verification says; nothing of the first, which was not built beside another."""
    if number == 1:
        return []
    build = await build_of(profile.control, number)
    if build.stage is not Stage.FOLLOWING:
        raise ConflictError(f"generation {number} is {build.stage}: it can't be served")
    verdict = build.verdict
    if verdict is None:
        return ["it was never verified"]
    against = []
    if not verdict.everyone:
        against.append(f"only {verdict.users:,} accounts were verified, not everyone")
    if verdict.differences:
        against.append(f"{verdict.differences:,} of {verdict.users:,} accounts differ")
    if verdict.unsettled:
        against.append(f"of {verdict.unsettled:,} accounts nothing could be said")
    return against


async def _against_its_progress(profile: Profile, settings: Settings, number: int) -> list[str]:
    found = {each.number: each for each in await kept(profile.control)}
    if number not in found:
        raise ConflictError(f"generation {number} is not kept; there are {sorted(found)}")
    behind = await _behind(profile, settings, found[number], await profile.log.ends())
    return [f"it is {behind:,} events behind the log"] if behind > _BEHIND_MAX else []


async def _derived_all(
    profile: Profile, settings: Settings, number: int, served: Build | None
) -> None:
    """What follows from events before the hand-over is appended by the older generation's hosts."""
    if served is None or not served.handed_over:
        return
    dropped = {each.number: each for each in await profile.control.generations()}[number]
    if await _behind(profile, settings, dropped, served.handed_over):
        raise ConflictError(
            f"generation {number} has not yet folded all that generation {served.number} had when "
            "it was handed over: wait until it has, or what follows from it is lost"
        )


async def _behind(
    profile: Profile, settings: Settings, generation: Generation, ends: Sequence[int]
) -> int:
    async with views_of(settings, generation) as views:
        return lag_of(await views.progress(), ends)


async def _lease_is_free(profile: Profile, settings: Settings) -> str:
    """Wait until nobody rebuilds any more; under which name the lease is held now."""
    own = "cancel"
    for _ in range(round(2 * settings.rebuild_lease_s / _POLL_S)):
        holder = await profile.control.hold_lease(LEASE, own, settings.rebuild_lease_s)
        if holder == own:
            return own
        if is_gone(holder):
            await profile.control.give_lease(LEASE, holder)
        else:
            await asyncio.sleep(_POLL_S)
    raise ConflictError(f"{holder} does not end: cancel again, or end that process")
