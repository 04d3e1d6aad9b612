"""The supervisor over real processes, and its decisions one by one."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext

import pytest

from foldline.log.kafka import reset_group
from foldline.log.port import NewRecord
from streams.exits import Exit
from streams.instance import InstanceStatus
from streams.stall import StallWatch
from streams.supervisor import Supervisor, supervise
from tests.conftest import WorldSettings
from tests.services.worker_world import WORKER, World, environment, until, world_of

engines = [pytest.mark.engines, pytest.mark.usefixtures("endpoints")]
DEAF = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)",
)
PARTITIONS = 2


class TestStallWatch:
    def test_behind_in_one_place_for_the_timeout_is_stalled(self) -> None:
        watch = StallWatch(10.0)
        assert watch.stalled(0.0, [5, 5], {0: 3, 1: 5}, {0, 1}) == []
        assert watch.stalled(9.9, [9, 5], {0: 3, 1: 5}, {0, 1}) == []
        assert watch.stalled(10.0, [9, 5], {0: 3, 1: 5}, {0, 1}) == [0]

    def test_any_progress_begins_the_timeout_anew(self) -> None:
        watch = StallWatch(10.0)
        for at_s in range(0, 100, 5):
            assert watch.stalled(float(at_s), [999], {0: at_s}, {0}) == []

    def test_time_at_the_end_of_the_log_does_not_count(self) -> None:
        watch = StallWatch(10.0)
        assert watch.stalled(0.0, [6], {0: 5}, {0}) == []
        assert watch.stalled(5.0, [6], {0: 6}, {0}) == []
        assert watch.stalled(100.0, [7], {0: 6}, {0}) == []
        assert watch.stalled(109.0, [7], {0: 6}, {0}) == []
        assert watch.stalled(110.0, [7], {0: 6}, {0}) == [0]

    def test_time_unwatched_does_not_count(self) -> None:
        watch = StallWatch(10.0)
        assert watch.stalled(0.0, [6], {}, {0}) == []
        assert watch.stalled(50.0, [6], {}, set()) == []
        assert watch.stalled(51.0, [6], {}, {0}) == []
        assert watch.stalled(61.0, [6], {}, {0}) == [0]


@pytest.fixture
async def world(
    world_settings: WorldSettings, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    settings = world_settings(
        "distributed",
        partitions=PARTITIONS,
        session_timeout_s=6.0,
        worker_stop_timeout_s=3.0,
        buckets=4,
    )
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    async with world_of(settings) as opened:
        yield opened


@asynccontextmanager
async def supervised(
    world: World, command: Sequence[str], stall_timeout_s: float = 60.0
) -> AsyncIterator[Supervisor]:
    settings = world.settings.model_copy(update={"stall_timeout_s": stall_timeout_s})
    supervisor = Supervisor(settings, command, world.log, world.views, world.group)
    stop = asyncio.Event()
    running = asyncio.ensure_future(supervisor.run(stop))
    try:
        yield supervisor
    finally:
        stop.set()
        assert await running == Exit.STOPPED
        assert supervisor.pid is None


async def pid_of(supervisor: Supervisor, other_than: int | None = None) -> int:
    async def runs() -> bool:
        return supervisor.pid not in (None, other_than)

    await until("a worker", runs)
    assert supervisor.pid is not None
    return supervisor.pid


class TestProcesses:
    pytestmark = engines

    async def test_killed_worker_is_started_again_and_goes_on(self, world: World) -> None:
        await world.post(authors=10, each=10)
        async with supervised(world, WORKER) as supervisor:
            await until("the end of the log", world.caught_up)
            first = await pid_of(supervisor)
            os.kill(first, signal.SIGKILL)
            await world.post(authors=10, each=10)
            assert await pid_of(supervisor, other_than=first) != first
            await until("the end of the log", world.caught_up)
            assert supervisor.restarts == {-signal.SIGKILL: 1}
        await world.assert_everything_is_in_the_views()
        assert supervisor.last_exit == Exit.STOPPED
        assert await world.committed() == await world.progress()

    async def test_deaf_worker_is_killed_after_the_timeout(self, world: World) -> None:
        async with supervised(world, DEAF) as supervisor:
            pid = await pid_of(supervisor)
            await asyncio.sleep(1.0)  # until it ignores the signal
            began = time.monotonic()
        assert 3.0 <= time.monotonic() - began < 6.0
        assert supervisor.last_exit == -signal.SIGKILL
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)

    async def test_stalled_worker_is_killed_and_its_work_is_done(self, world: World) -> None:
        async with supervised(world, WORKER, stall_timeout_s=12.0) as supervisor:
            await world.post(authors=10, each=10)
            await until("the end of the log", world.caught_up)
            pid = await pid_of(supervisor)
            os.kill(pid, signal.SIGSTOP)
            await world.post(authors=10, each=10)
            await until("the end of the log", world.caught_up)
            assert supervisor.pid != pid
            assert supervisor.restarts == {-signal.SIGKILL: 1}

    async def test_halted_or_troubled_worker_is_left_alone(self, world: World) -> None:
        await world.log.append(NewRecord(1, b"not looked at by a sleeping process"))
        lag = next(p for p, end in enumerate(await world.log.ends()) if end)
        async with supervised(world, DEAF, stall_timeout_s=4.0) as supervisor:
            pid = await pid_of(supervisor)

            async def outlives_the_timeout(halted: dict[int, str], trouble: str | None) -> None:
                until_s = time.monotonic() + 8.0
                while time.monotonic() < until_s:
                    now_ms = time.time_ns() // 1_000_000
                    said = InstanceStatus(pid, now_ms, {0: 0, 1: 0}, halted, trouble)
                    said.write(world.settings)
                    await asyncio.sleep(0.2)
                    assert supervisor.pid == pid

            await outlives_the_timeout({lag: "newer"}, None)
            await outlives_the_timeout({}, "the store does not answer")
            assert await pid_of(supervisor, other_than=pid) != pid  # it stopped saying so

    async def test_group_ahead_of_the_view_is_set_back_before_the_start(self, world: World) -> None:
        await world.post(authors=10, each=2)
        await reset_group(world.settings, world.group, {0: 5, 1: 7})
        async with supervised(world, DEAF) as supervisor:
            await pid_of(supervisor)
            assert await world.committed() == {0: 0, 1: 0}
            assert await world.progress() == {}

    async def test_group_behind_the_view_is_left(self, world: World) -> None:
        await world.views.apply([], {0: 9, 1: 9})
        await reset_group(world.settings, world.group, {0: 9, 1: 4})
        async with supervised(world, DEAF) as supervisor:
            await pid_of(supervisor)
            assert await world.committed() == {0: 9, 1: 4}

    async def test_worker_that_can_not_be_helped_ends_the_supervisor(self, world: World) -> None:
        for code in (Exit.MISCONFIGURED, Exit.STOPPED):
            command = (sys.executable, "-c", f"raise SystemExit({int(code)})")
            ended = supervise(world.settings, command, asyncio.Event(), lambda _: nullcontext())
            assert await asyncio.wait_for(ended, 30.0) == code

    async def test_worker_that_always_fails_is_started_less_and_less_often(
        self, world: World
    ) -> None:
        command = (sys.executable, "-c", f"raise SystemExit({int(Exit.GAP)})")
        async with supervised(world, command) as supervisor:
            await asyncio.sleep(4.0)
            assert 2 <= supervisor.restarts[Exit.GAP] <= 5  # 0.2 + 0.4 + 0.8 + 1.6 s apart
            assert supervisor.last_exit == Exit.GAP
