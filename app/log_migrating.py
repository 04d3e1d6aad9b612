"""`foldline migrate-log`: the log moves into one with another number of partitions.

It is copied while the old one is in use, as often as one likes. To finish, the old log is closed
for good, what it got meanwhile is copied, everything is read back and compared; then the views go
on from the ends of the new log, under stamps that are higher than any they have.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Final

from app.dead_letters import letters
from app.embedded import locked
from app.progress import progress
from foldline.core.effects import PutDeadLetter
from foldline.core.position import keyed, lag_of, stamp_of
from foldline.errors import ConflictError
from foldline.generation import Generation
from foldline.log.kafka import close_topic, create_topic
from foldline.log.port import EventLog
from foldline.profiles import PROFILES, Profile, views_of
from foldline.settings import Settings
from streams.keeping import kept
from streams.log_migration import Copy
from streams.rebuild.builds import changed, unfinished

_LETTERS_MAX: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Migrated:
    """Where it stands: of `events` that the old log has all are in the new one of that `epoch`;
    `finished`: whether the views follow it."""

    epoch: int
    partitions: int
    events: int
    finished: bool


async def migrate_log(
    profile: Profile, settings: Settings, partitions: int, *, finish: bool
) -> Migrated:
    """Copy what is not copied yet, and with `finish` let the views follow the copy. Raises
    `ConflictError` where something still appends or is not folded, or the copy is not what it
    should be."""
    following = settings.model_copy(
        update={"log_epoch": settings.log_epoch + 1, "partitions": partitions}
    )
    alone = finish and settings.profile == "embedded"
    with locked(settings.data_dir) if alone else nullcontext():
        return await _migrated(profile, settings, following, finish=finish)


async def _migrated(
    profile: Profile, settings: Settings, following: Settings, *, finish: bool
) -> Migrated:
    async with _opened(following) as new:
        copy = Copy(profile.log, new, settings.log_epoch)
        await copy.resume()
        ends = await _closed_at(profile, settings) if finish else await profile.log.ends()
        try:
            with progress(f"copying to epoch {following.log_epoch}", sum(ends)) as advance:
                await copy.run(ends, advance)
            await copy.verify(ends)
        except BaseException:
            if finish:
                await _close(settings, closed=False)
            raise
        if finish:
            for generation in await kept(profile.control):
                await _follow(settings, following, generation, copy, await new.ends())
            for build in await profile.control.builds():
                await changed(profile.control, build.number, handed_over=(), verdict=None)
            if not await profile.control.begin_epoch(following.log_epoch):
                raise ConflictError("another has migrated the log meanwhile")
        return Migrated(following.log_epoch, new.partitions, sum(ends), finish)


async def _closed_at(profile: Profile, settings: Settings) -> list[int]:
    """Close the old log; where it ends. All that is kept must have folded it, and it stays open
    where that is not so: what follows from an event must find its way into the log."""
    if unfinished(await profile.control.builds()) is not None:
        raise ConflictError("a rebuild is under way: wait for it, or cancel it")
    await _all_is_folded(profile, settings)
    await _close(settings, closed=True)
    try:
        return await _all_is_folded(profile, settings)
    except BaseException:
        await _close(settings, closed=False)
        raise


async def _all_is_folded(profile: Profile, settings: Settings) -> list[int]:
    ends = await profile.log.ends()
    for generation in await kept(profile.control):
        async with views_of(settings, generation) as views:
            if behind := lag_of(await views.progress(), ends):
                raise ConflictError(
                    f"generation {generation.number} is {behind:,} events behind: stop what takes "
                    "commands, let the workers fold all there is, and try again"
                )
    return ends


async def _follow(
    old: Settings, new: Settings, generation: Generation, copy: Copy, ends: list[int]
) -> None:
    """Let a generation go on from the ends of the new log, with its dead letters. Repeatable."""
    async with views_of(old, generation) as before, views_of(new, generation) as after:
        for letter in await letters(before, _LETTERS_MAX):
            at = copy.moved(letter.position)
            if at is None:
                continue
            stamp = stamp_of(at.offset, new.log_epoch)
            key = keyed(at.partition, new.log_epoch)
            await after.apply(
                [PutDeadLetter(key, at.offset, letter.error, letter.value, stamp)], {}
            )
            for there in map(copy.moved, letter.replayed_to):
                if there is not None:
                    await after.mark_replayed(at, there)
        await after.apply([], dict(enumerate(ends)))


async def _close(settings: Settings, *, closed: bool) -> None:
    """The embedded log has the lock of its directory."""
    if settings.profile == "distributed":
        await close_topic(settings, closed=closed)


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[EventLog]:
    if settings.profile == "distributed":
        await create_topic(settings)
    async with AsyncExitStack() as opened:
        log = await PROFILES[settings.profile].log(settings)
        opened.push_async_callback(log.close)
        yield log
