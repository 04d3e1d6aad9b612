"""The log moves into one of another number of partitions, and the views go on with it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any, Final

import pytest

from app.log_migrating import Migrated, migrate_log
from foldline.core import events as ev
from foldline.core.codec import Codec, Envelope
from foldline.core.ids import partition_of
from foldline.core.ledger import Ledger
from foldline.core.position import Position
from foldline.core.served import expected
from foldline.errors import ConflictError, FoldlineError, MisconfiguredError
from foldline.log.port import EventLog, NewRecord
from foldline.profiles import PROFILES, open_profile
from foldline.settings import Settings
from streams.as_of import ends_at, ledger_at
from streams.log_migration import COPIED_FROM
from streams.reading import stretches, time_of
from tests.faults.processes import FOLDLINE, environment, run
from tests.rebuild.world import DEPTH, RebuiltWorld, history, reed

PARTITIONS: Final = 7
EMBEDDED: Final = pytest.mark.parametrize("empty", ["embedded"], indirect=True)


@pytest.fixture
async def world(empty: RebuiltWorld) -> RebuiltWorld:
    await empty.append(history(11))
    await poison(empty.profile.log)
    await empty.fold(empty.profile.generation, empty.profile.views)
    return empty


async def poison(log: EventLog) -> None:
    """What is no event, and an event that is not where it belongs, also not in the new log."""
    await log.append(NewRecord(1, b"no event"))
    away = (key for key in range(1, 10_000) if partition_of(key, log.partitions))
    astray = next(key for key in away if partition_of(key, PARTITIONS) == 0)
    envelope = Envelope(id="f" * 32, event=ev.AccountCreated(astray, "astray"), occurred_at=0)
    for key in (8, 9):
        if partition_of(key, log.partitions) != partition_of(astray, log.partitions):
            await log.append(NewRecord(key, Codec().encode(envelope)))


@asynccontextmanager
async def moved(world: RebuiltWorld) -> AsyncIterator[RebuiltWorld]:
    """The same world over its new log."""
    settings = world.settings.model_copy(update={"log_epoch": 1, "partitions": PARTITIONS})
    profile = await open_profile(settings)
    try:
        yield RebuiltWorld(settings, profile)
    finally:
        await profile.close()


async def migrated(world: RebuiltWorld, *, finish: bool = False) -> Migrated:
    return await migrate_log(world.profile, world.settings, PARTITIONS, finish=finish)


async def ledger_of(world: RebuiltWorld, ends: list[int] | None = None) -> Ledger:
    log = world.profile.log
    return await ledger_at(log, world.settings.log_epoch, ends or await log.ends())


def served_by(ledger: Ledger) -> dict[int, Any]:
    return {user: expected(ledger, user, DEPTH) for user in ledger.users()}


def more(seed: int) -> Iterator[ev.Event]:
    """Words that contradict what stands: they must win."""
    rng = Random(seed)
    events = list(history(11))
    edges = [e for e in events if isinstance(e, ev.UserFollowed)]
    for edge in rng.sample(edges, min(len(edges), 6)):
        yield ev.UserUnfollowed(edge.follower_id, edge.followee_id)
    for edge in rng.sample(edges, min(len(edges), 6)):
        yield ev.UserBlocked(edge.followee_id, edge.follower_id)
    blocks = [e for e in events if isinstance(e, ev.UserBlocked)]
    for block in rng.sample(blocks, min(len(blocks), 3)):
        yield ev.UserUnblocked(block.blocker_id, block.blocked_id)
        yield ev.UserFollowed(block.blocked_id, block.blocker_id)
    for post in rng.sample([e for e in events if isinstance(e, ev.TweetPosted)], 5):
        yield ev.TweetDeleted(post.author_id, post.tweet_id)


async def test_the_views_go_on_with_the_new_log(world: RebuiltWorld) -> None:
    before, letters = await ledger_of(world), await world.profile.views.dead_letters(None, 99)
    assert len(letters) >= 2
    first = await migrated(world)
    assert (first.finished, first.partitions, first.epoch) == (False, PARTITIONS, 1)
    await world.append(more(4))
    with pytest.raises(ConflictError, match="events behind: stop what takes commands"):
        await migrated(world, finish=True)
    await world.fold(world.profile.generation, world.profile.views)  # so the log is still open
    before = await ledger_of(world)
    second = await migrated(world, finish=True)
    assert (second.finished, second.events) == (True, sum(await world.profile.log.ends()))

    async with moved(world) as new:
        assert served_by(await ledger_of(new)) == served_by(before)
        assert await new.wrong_in(new.profile.views) == []
        found = await new.profile.views.dead_letters(None, 99)
        assert {(each.error, each.value) for each in found} == {
            (each.error, each.value) for each in letters
        }
        await new.append(more(5))
        await new.fold(new.profile.generation, new.profile.views)
        assert await new.wrong_in(new.profile.views) == []
        assert len(await new.profile.views.dead_letters(None, 99)) == len(letters)
        build, _ = await new.rebuild()
        async with new.views(build.generation) as views:
            assert await new.wrong_in(views) == []
            assert len(await views.dead_letters(None, 99)) == len(letters)


async def test_the_old_log_is_closed(world: RebuiltWorld) -> None:
    await migrated(world, finish=True)
    with pytest.raises(MisconfiguredError, match="set FOLDLINE_LOG_EPOCH=1"):
        await open_profile(world.settings)
    if world.settings.profile == "distributed":
        ends = await world.profile.log.ends()
        with pytest.raises(FoldlineError):
            await world.append([ev.AccountCreated(77, "late")])
        assert await world.profile.log.ends() == ends


@EMBEDDED
async def test_times_and_causes_are_those_of_the_old_log(world: RebuiltWorld) -> None:
    old = world.profile.log
    times: dict[str, int] = {}
    ends = await old.ends()
    for partition, end in enumerate(ends):
        async for stretch in stretches(old, partition, end, 0):
            times |= {str(each.position): time_of(each) for each in stretch.records}
    middle = sorted(times.values())[len(times) // 2]
    then = await ledger_of(world, await ends_at(old, 0, middle))
    await migrated(world, finish=True)
    async with moved(world) as new:
        log, copied, bars = new.profile.log, {}, 0
        for partition, end in enumerate(await log.ends()):
            async for stretch in stretches(log, partition, end, 1):
                for record, item in zip(*stretch, strict=True):
                    copied[dict(record.headers)[COPIED_FROM].decode()] = time_of(record)
                    if isinstance(item.event, ev.FollowBarred | ev.FollowUnbarred):
                        bars += 1
                        home = partition_of(item.event.follower_id, log.partitions)
                        offset = item.event.cause - (1 << 40) - 1
                        reader = await log.reader({home: offset})
                        (cause,) = await reader.take(1, 5.0)
                        await reader.close()
                        assert cause.value is not None
                        block = Codec().decode(cause.value).event
                        assert isinstance(block, ev.UserBlocked | ev.UserUnblocked)
                        assert block.blocked_id == item.event.follower_id
        assert copied == times
        assert bars > 0
        assert served_by(await ledger_of(new, await ends_at(log, 1, middle))) == served_by(then)


async def test_a_copy_that_is_killed_is_gone_on_with(empty: RebuiltWorld) -> None:
    await empty.append(reed(3, people=60, tweets=1_000))
    await empty.fold(empty.profile.generation, empty.profile.views)
    numbers = {name: getattr(empty.settings, name) for name in empty.settings.model_fields_set}
    command = ("migrate-log", "--partitions", str(PARTITIONS))
    rng, kills = Random(1), 0
    for _ in range(3):
        process = await asyncio.create_subprocess_exec(
            *(*FOLDLINE, *command), env=environment(numbers), start_new_session=True
        )
        try:
            async with asyncio.timeout(rng.uniform(0.8, 2.5)):
                await process.wait()
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            kills += 1
    assert kills
    code, out, err = await run(*command, "--finish", "--json", numbers=numbers)
    assert code == 0, out + err
    async with moved(empty) as new:
        assert await new.wrong_in(new.profile.views) == []


@EMBEDDED
async def test_a_log_that_is_something_else_is_refused(world: RebuiltWorld) -> None:
    settings: Settings = world.settings.model_copy(
        update={"log_epoch": 1, "partitions": PARTITIONS}
    )
    await migrated(world)
    log = await PROFILES[settings.profile].log(settings)
    last = await log.append(NewRecord(5, b"no copy"))
    with pytest.raises(ConflictError, match=f"in use: {last} is no copy"):
        await migrated(world, finish=True)
    await log.close()
    await world.append([ev.AccountCreated(78, "early")])  # it was not closed


@EMBEDDED
@pytest.mark.parametrize("wrong", ["twice", "other"])
async def test_a_copy_is_read_back(world: RebuiltWorld, wrong: str) -> None:
    settings: Settings = world.settings.model_copy(
        update={"log_epoch": 1, "partitions": PARTITIONS}
    )
    await migrated(world)
    log, first = await PROFILES[settings.profile].log(settings), Position(0, 0)
    if wrong == "other":
        envelope = Envelope(id="e" * 32, event=ev.AccountCreated(79, "right"), occurred_at=0)
        first = await world.profile.log.append(NewRecord(79, Codec().encode(envelope)))
        await world.fold(world.profile.generation, world.profile.views)
    headers = ((COPIED_FROM, str(first).encode()),)
    await log.append(NewRecord(79, b"wrong", headers))
    why = "twice: begin anew" if wrong == "twice" else "not what the old one has: begin anew"
    with pytest.raises(ConflictError, match=why):
        await migrated(world, finish=True)
    await log.close()
