"""What every log promises: `foldline.log.port`, sentence by sentence."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import pytest

from foldline.core.ids import partition_of
from foldline.core.position import Position
from foldline.errors import InvalidError, LogUnavailableError
from foldline.log.port import EventLog, NewRecord, Record
from foldline.profiles import PROFILES
from foldline.settings import Settings
from tests.conftest import WorldSettings
from tests.contracts.conftest import open_new_log
from tests.contracts.ids import fresh, key_in, several

WAIT_S = 10.0


async def taken(
    log: EventLog, start: Mapping[int, int], count: int, limit: int = 100
) -> list[Record]:
    """The next `count` records, by a reader of their own."""
    reader = await log.reader(start)
    found: list[Record] = []
    while len(found) < count:
        records = await reader.take(limit, WAIT_S)
        assert 0 < len(records) <= limit
        found += records
    await reader.close()
    assert len(found) == count
    return found


async def ends(log: EventLog) -> dict[int, int]:
    return dict(enumerate(await log.ends()))


async def test_offsets_start_at_0_and_have_no_gap(
    settings: Settings, module_settings: WorldSettings
) -> None:
    log = await open_new_log(module_settings(settings.profile, partitions=4))
    assert (log.partitions, await log.ends()) == (4, [0, 0, 0, 0])
    keys = several(60)
    positions = [await log.append(NewRecord(key, str(key).encode())) for key in keys]
    assert [position.partition for position in positions] == [partition_of(key, 4) for key in keys]
    by_partition = {
        partition: [offset for at, offset in positions if at == partition] for partition in range(4)
    }
    assert all(offsets == list(range(len(offsets))) for offsets in by_partition.values())
    assert await log.ends() == [len(offsets) for offsets in by_partition.values()]
    records = await taken(log, dict.fromkeys(range(4), 0), 60, limit=7)
    assert {(record.position, record.value) for record in records} == {
        (position, str(key).encode()) for position, key in zip(positions, keys, strict=True)
    }
    await log.close()


async def test_a_record_comes_back_as_it_was(log: EventLog) -> None:
    start = await ends(log)
    headers = (("trace", b"\x00\xff"), ("trace", b""), ("ünicode", b"v"))
    for value in (b"", bytes(range(256)), b"x" * 60_000):
        position = await log.append(NewRecord(fresh(), value, headers))
        (record,) = await taken(log, {position.partition: position.offset}, 1)
        assert (record.position, record.value, record.headers) == (position, value, headers)
        assert abs(record.appended_at - time.time() * 1000) < 60_000
    assert sum((await ends(log)).values()) == sum(start.values()) + 3


async def test_concurrent_appends_all_stand_once_and_each_key_in_order(log: EventLog) -> None:
    start = await ends(log)

    async def write(key: int) -> list[Position]:
        return [await log.append(NewRecord(key, f"{key} {n}".encode())) for n in range(5)]

    keys = several(80)
    positions = await asyncio.gather(*map(write, keys))
    records = await taken(log, start, 400)
    values = {record.position: record.value for record in records}
    for key, places in zip(keys, positions, strict=True):
        assert places == sorted(places)
        assert [values[at] for at in places] == [f"{key} {n}".encode() for n in range(5)]
    for partition in range(4):
        offsets = [r.position.offset for r in records if r.position.partition == partition]
        assert offsets == list(range(start[partition], (await log.ends())[partition]))


async def test_a_reader_starts_where_it_is_told_and_reads_nothing_else(log: EventLog) -> None:
    start = await ends(log)
    for partition in (0, 1, 2):
        for number in range(6):
            await log.append(NewRecord(key_in(partition, 4), str(number).encode()))
    records = await taken(log, {0: start[0] + 4, 2: start[2] + 1}, 7, limit=3)
    assert [r.value for r in records if r.position.partition == 0] == [b"4", b"5"]
    assert [r.value for r in records if r.position.partition == 2] == [b"1", b"2", b"3", b"4", b"5"]


async def test_two_readers_have_a_place_each(log: EventLog) -> None:
    start = await ends(log)
    for number in range(4):
        await log.append(NewRecord(key_in(3, 4), str(number).encode()))
    first, second = await log.reader({3: start[3]}), await log.reader({3: start[3]})
    one = [await first.take(1, WAIT_S) for _ in range(4)]
    other = [await second.take(1, WAIT_S) for _ in range(4)]
    assert one == other
    assert [records[0].value for records in one] == [b"0", b"1", b"2", b"3"]
    await first.close()
    await second.close()


async def test_a_reader_waits_at_the_end(log: EventLog) -> None:
    reader = await log.reader(await ends(log))
    began = time.monotonic()
    assert await reader.take(10, 0.2) == []
    assert time.monotonic() - began >= 0.2
    waiting = asyncio.create_task(reader.take(10, 60))
    assert not (await asyncio.wait({waiting}, timeout=0.1))[0]
    position = await log.append(NewRecord(fresh(), b"at last"))
    (record,) = await asyncio.wait_for(waiting, WAIT_S)
    assert (record.position, record.value) == (position, b"at last")
    await reader.close()
    await reader.close()


async def test_a_reader_past_the_end_waits_for_exactly_its_offset(log: EventLog) -> None:
    end = (await log.ends())[1]
    reader = await log.reader({1: end + 2})
    for _ in range(2):
        await log.append(NewRecord(key_in(1, 4), b"before"))
        assert await reader.take(10, 0.1) == []
    await log.append(NewRecord(key_in(1, 4), b"there"))
    (record,) = await reader.take(10, WAIT_S)
    assert (record.position, record.value) == (Position(1, end + 2), b"there")
    await reader.close()


async def test_a_cancelled_take_loses_nothing(log: EventLog) -> None:
    reader = await log.reader(await ends(log))
    seen: list[Record] = []
    for _ in range(5):
        waiting = asyncio.create_task(reader.take(10, WAIT_S))
        appended = asyncio.create_task(log.append(NewRecord(key_in(0, 4), b"x")))
        await asyncio.sleep(0)
        waiting.cancel()
        await appended
        with suppress(asyncio.CancelledError):
            seen += await waiting
    while len(seen) < 5:
        records = await reader.take(10, WAIT_S)
        assert records
        seen += records
    offsets = [record.position.offset for record in seen]
    assert offsets == list(range(offsets[0], offsets[0] + 5))
    assert (await log.ends())[0] == offsets[0] + 5
    await reader.close()


async def test_a_cancelled_append_lands_once_or_never(log: EventLog) -> None:
    start = await ends(log)
    values = [str(number).encode() for number in range(50)]
    tasks = [asyncio.create_task(log.append(NewRecord(fresh(), value))) for value in values]
    for turns, task in enumerate(tasks):
        await asyncio.sleep(0 if turns % 3 else 0.001)
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    await log.append(NewRecord(fresh(), b"after"))  # the log has outlived it
    settled = await ends(log)
    records = await taken(log, start, sum(settled.values()) - sum(start.values()))
    landed = [record.value for record in records]
    assert len(landed) == len(set(landed))
    acknowledged = [v for v, r in zip(values, results, strict=True) if isinstance(r, Position)]
    assert set(acknowledged) <= set(landed)
    assert b"after" in landed


async def test_another_thread_with_its_own_loop_may_append_and_read(log: EventLog) -> None:
    start = await ends(log)
    seen: list[bytes | None] = []

    async def work() -> None:
        reader = await log.reader(start)
        await asyncio.gather(*(log.append(NewRecord(fresh(), b"there")) for _ in range(20)))
        while len(seen) < 40:
            seen.extend(record.value for record in await reader.take(100, WAIT_S))
        await reader.close()

    thread = threading.Thread(target=lambda: asyncio.run(work()))
    thread.start()
    await asyncio.gather(*(log.append(NewRecord(fresh(), b"here")) for _ in range(20)))
    await asyncio.to_thread(thread.join)
    assert sorted(value or b"" for value in seen) == [b"here"] * 20 + [b"there"] * 20


async def test_a_log_opened_again_holds_all_and_goes_on(
    settings: Settings, module_settings: WorldSettings
) -> None:
    world = module_settings(settings.profile, partitions=2)
    log = await open_new_log(world)
    positions = [await log.append(NewRecord(key, str(key).encode())) for key in range(20)]
    await log.close()
    again = await PROFILES[world.profile].log(world)
    records = await taken(again, {0: 0, 1: 0}, 20)
    assert {r.position: r.value for r in records} == {
        position: str(key).encode() for key, position in enumerate(positions)
    }
    end = (await again.ends())[1]
    assert await again.append(NewRecord(key_in(1, 2), b"next")) == Position(1, end)
    await again.close()


async def test_a_log_that_was_closed_refuses_everything(
    settings: Settings, module_settings: WorldSettings
) -> None:
    log = await open_new_log(module_settings(settings.profile, partitions=1))
    await log.append(NewRecord(1, b"x"))
    await log.close()
    await log.close()
    refused: list[Callable[[], Awaitable[object]]] = [
        lambda: log.append(NewRecord(1, b"x")),
        log.ends,
    ]
    for call in refused:
        with pytest.raises(LogUnavailableError):
            await call()


async def test_too_large_an_event_is_refused(log: EventLog, settings: Settings) -> None:
    start = await ends(log)
    with pytest.raises(InvalidError, match="the most is"):
        await log.append(NewRecord(fresh(), b"x" * (settings.max_event_bytes + 1)))
    await log.append(NewRecord(fresh(), b"x" * settings.max_event_bytes))
    assert sum((await ends(log)).values()) == sum(start.values()) + 1
