"""What only the log in a file can get wrong: a killed process, a full disk, a held lock."""

import asyncio
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from foldline.core.position import Position
from foldline.errors import (
    AppendUnknownError,
    GapInLogError,
    LogUnavailableError,
    MisconfiguredError,
)
from foldline.log.port import EventLog, NewRecord
from foldline.log.sqlite import open_sqlite_log
from foldline.settings import Settings
from tests.conftest import WorldSettings
from tests.contracts.ids import key_in

APPENDER = "tests.contracts.appender"


@pytest.fixture
def settings(world_settings: WorldSettings) -> Settings:
    return world_settings("embedded", append_queue_max=20)


@pytest.fixture
async def log(settings: Settings) -> AsyncIterator[EventLog]:
    opened = await open_sqlite_log(settings)
    yield opened
    await opened.close()


@contextmanager
def appending(settings: Settings, writers: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", APPENDER, str(settings.data_dir), str(writers)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def connected(settings: Settings) -> Iterator[sqlite3.Connection]:
    """The file in other hands."""
    connection = sqlite3.connect(settings.data_dir / "log.sqlite", isolation_level=None)
    yield connection
    connection.close()


@contextmanager
def full_disk(path: Path, spare_bytes: int) -> Iterator[None]:
    """No file of this process grows beyond what `path` has now, and a little."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + spare_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def held(log: EventLog) -> list[bytes | None]:
    reader = await log.reader(dict.fromkeys(range(log.partitions), 0))
    found = []
    while records := await reader.take(1000, 0):
        found += [record.value for record in records]
    return found


def test_nothing_acknowledged_is_lost_by_a_kill(settings: Settings) -> None:
    acknowledged: dict[Position, str] = {}
    for kill_after in (1, 150, 400):
        with appending(settings, writers=8) as process:
            assert process.stdout is not None
            for number, line in enumerate(process.stdout):
                if number == kill_after:
                    process.kill()
                if line.endswith("\n"):
                    position, value = line.split()
                    assert Position.parse(position) not in acknowledged
                    acknowledged[Position.parse(position)] = value

    async def check() -> None:
        log = await open_sqlite_log(settings)
        reader = await log.reader(dict.fromkeys(range(log.partitions), 0))
        stored: dict[Position, bytes | None] = {}
        while records := await reader.take(1000, 0):
            stored |= {record.position: record.value for record in records}
        assert {position: stored[position] for position in acknowledged} == {
            position: value.encode() for position, value in acknowledged.items()
        }
        assert len(stored) == sum(await log.ends())
        await log.close()

    assert len(acknowledged) > 551
    asyncio.run(check())


async def test_what_another_process_appends_is_seen_soon(settings: Settings, log: EventLog) -> None:
    reader = await log.reader(dict.fromkeys(range(4), 0))
    with appending(settings, writers=1):
        (record, *_) = await reader.take(1, 60)
        late_ms = time.time() * 1000 - record.appended_at
        await log.append(NewRecord(7, b"both write"))
    assert late_ms < 10_000  # some tenths of a second, unless the machine is busy
    await reader.close()


async def test_what_this_process_appends_wakes_a_reader(settings: Settings) -> None:
    log = await open_sqlite_log(settings.model_copy(update={"tail_poll_s": 60.0}))
    reader = await log.reader({0: 0})
    waiting = asyncio.create_task(reader.take(1, 50))
    assert not (await asyncio.wait({waiting}, timeout=0.1))[0]
    await log.append(NewRecord(key_in(0, 4), b"x"))
    assert len(await asyncio.wait_for(waiting, 5)) == 1
    await log.close()


async def test_a_full_disk_refuses_and_the_log_goes_on(settings: Settings, log: EventLog) -> None:
    await log.append(NewRecord(1, b"before"))
    with full_disk(settings.data_dir / "log.sqlite-wal", 50_000):
        refused = await asyncio.gather(
            *(log.append(NewRecord(n, b"refused" * 4_000)) for n in range(10)),
            return_exceptions=True,
        )
        assert {type(error) for error in refused} == {LogUnavailableError}
        assert await held(log) == [b"before"]
    await log.append(NewRecord(2, b"after"))
    await log.close()
    again = await open_sqlite_log(settings)
    assert sorted(value or b"" for value in await held(again)) == [b"after", b"before"]
    assert sum(await again.ends()) == 2
    await again.close()


async def test_the_queue_is_bounded_and_what_it_refuses_never_appears(
    settings: Settings, log: EventLog
) -> None:
    with connected(settings) as other:
        other.execute("BEGIN IMMEDIATE")
        appends = [asyncio.create_task(log.append(NewRecord(1, b"%d" % n))) for n in range(30)]
        await asyncio.sleep(0.05)
        refused = [n for n, task in enumerate(appends) if task.done()]
        assert refused
        assert min(refused) >= 20
        other.execute("ROLLBACK")
    results = await asyncio.gather(*appends, return_exceptions=True)
    assert [n for n, r in enumerate(results) if isinstance(r, LogUnavailableError)] == refused
    assert await held(log) == [b"%d" % n for n in range(30) if n not in refused]


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads take turns at every step, so that each gap between two steps is met."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("restless")
async def test_what_is_refused_never_lands_however_close_the_race(settings: Settings) -> None:
    log = await open_sqlite_log(settings.model_copy(update={"append_queue_max": 2}))
    acknowledged: list[bytes] = []
    refused = 0

    async def append(value: bytes) -> None:
        nonlocal refused
        try:
            await log.append(NewRecord(1, value))
            acknowledged.append(value)
        except LogUnavailableError:
            refused += 1

    for turn in range(300):
        await asyncio.gather(*(append(b"%d/%d" % (turn, n)) for n in range(20)))
    assert refused > 300
    assert sorted(value or b"" for value in await held(log)) == sorted(acknowledged)
    await log.close()


async def test_a_held_lock_is_an_error_in_time(settings: Settings) -> None:
    log = await open_sqlite_log(settings.model_copy(update={"append_timeout_s": 0.6}))
    with connected(settings) as other:
        other.execute("BEGIN IMMEDIATE")
        async with asyncio.timeout(9):  # the default would wait for 10
            for error in await asyncio.gather(
                *(log.append(NewRecord(1, b"x")) for _ in range(3)), return_exceptions=True
            ):
                assert isinstance(error, LogUnavailableError | AppendUnknownError)
        other.execute("ROLLBACK")
    await log.close()
    again = await open_sqlite_log(settings)
    await again.append(NewRecord(1, b"after"))
    assert (await held(again))[-1] == b"after"
    await again.close()


async def test_a_full_partition_does_not_starve_the_others(log: EventLog) -> None:
    for _ in range(9):
        await log.append(NewRecord(key_in(0, 4), b"many"))
    await log.append(NewRecord(key_in(3, 4), b"one"))
    reader = await log.reader({0: 0, 3: 0})
    first, second = await reader.take(3, 1), await reader.take(3, 1)
    assert [record.value for record in first] == [b"many"] * 3
    assert second[0].value == b"one"
    await reader.close()


async def test_what_the_log_no_longer_holds_is_a_gap(settings: Settings, log: EventLog) -> None:
    for _ in range(4):
        await log.append(NewRecord(key_in(2, 4), b"x"))
    with connected(settings) as other:
        other.execute("DELETE FROM events WHERE place = (2 << 40) + 1")
    for start in (0, 1):
        reader = await log.reader({2: start})
        with pytest.raises(GapInLogError, match="2-1"):
            await reader.take(10, 0)
    reader = await log.reader({2: 2})
    assert [record.position.offset for record in await reader.take(10, 0)] == [2, 3]


async def test_a_record_without_a_value_is_kept_as_it_is(settings: Settings, log: EventLog) -> None:
    with connected(settings) as other:
        other.execute("INSERT INTO events VALUES (3 << 40, NULL, x'90', 5)")
    reader = await log.reader({3: 0})
    (record,) = await reader.take(10, 0)
    assert (record.value, record.headers, record.appended_at) == (None, (), 5)


async def test_the_partition_count_is_fixed_when_the_log_is_made(settings: Settings) -> None:
    log = await open_sqlite_log(settings.model_copy(update={"partitions": 3}))
    await log.close()
    with pytest.raises(MisconfiguredError, match=r"3 partitions.*5.*another data directory"):
        await open_sqlite_log(settings.model_copy(update={"partitions": 5}))
    again = await open_sqlite_log(settings)
    assert again.partitions == 3
    await again.close()


async def test_a_file_of_another_kind_is_an_error_not_overwritten(settings: Settings) -> None:
    path = settings.data_dir / "log.sqlite"
    path.write_bytes(b"not a database" * 1_000)
    with pytest.raises(LogUnavailableError, match="not a database"):
        await open_sqlite_log(settings)
    assert path.read_bytes() == b"not a database" * 1_000


async def test_a_steady_flow_of_appends_is_never_too_many(log: EventLog) -> None:
    """Ten wait at most, of twenty that may: however long it goes on, none is turned away."""

    async def lane(key: int) -> None:
        for number in range(100):
            await log.append(NewRecord(key, b"%d" % number))

    await asyncio.gather(*(lane(key) for key in range(10)))
    assert sum(await log.ends()) == 1_000


async def test_more_than_may_wait_are_turned_away(settings: Settings, log: EventLog) -> None:
    with connected(settings) as other:
        other.execute("BEGIN IMMEDIATE")
        appends = [asyncio.create_task(log.append(NewRecord(1, b"x"))) for _ in range(60)]
        done, _ = await asyncio.wait(appends, timeout=1.0)
        refused = [task for task in done if isinstance(task.exception(), LogUnavailableError)]
        assert len(refused) >= 60 - 2 * 20, "a group is under way, and as many wait"
        other.execute("COMMIT")
    await asyncio.gather(*(task for task in appends if task not in refused))
    assert sum(await log.ends()) == 60 - len(refused)
