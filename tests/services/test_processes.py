"""Work in processes beside this one, and what becomes of it when one is killed or all close."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from foldline.errors import ConflictError, UnavailableError
from foldline.processes import Processes
from infra.local.process import identity
from tests.services.worker_world import until

MOST = 2
PARENT = """
import asyncio, sys
from tests.services import test_processes as tests
async def parent() -> None:
    processes = tests.Processes(tests.MOST, tests.nothing)
    await asyncio.gather(*(processes.run(tests.never_end, sys.argv[1]) for _ in range(tests.MOST)))
asyncio.run(parent())
"""


def nothing() -> None: ...


def pid() -> int:
    return os.getpid()


def refuse() -> None:
    raise ConflictError("not so")


def never_end(begun: str) -> None:
    (Path(begun) / str(os.getpid())).touch()
    time.sleep(600)


def end_later(begun: str) -> int:
    (Path(begun) / str(os.getpid())).touch()
    while not (Path(begun) / "end").exists():
        time.sleep(0.05)
    return os.getpid()


@pytest.fixture
async def processes() -> AsyncIterator[Processes]:
    made = Processes(MOST, nothing)
    yield made
    await made.close()


@pytest.fixture
def shut_down(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each time that a pool was shut down: its identity."""
    ended: list[int] = []
    shutdown = ProcessPoolExecutor.shutdown

    def counted(pool: ProcessPoolExecutor, *arguments: Any, **options: Any) -> None:
        ended.append(id(pool))
        shutdown(pool, *arguments, **options)

    monkeypatch.setattr(ProcessPoolExecutor, "shutdown", counted)
    return ended


def lives(process: int) -> bool:
    return identity(process) is not None


def pids_in(folder: Path) -> list[int]:
    return sorted(int(each.name) for each in folder.iterdir())


async def begun(folder: Path, works: int) -> list[int]:
    """Wait for so much work; the processes it is in, in the order of their beginning."""

    async def all_run() -> bool:
        return len(pids_in(folder)) == works

    await until(f"work in {works} processes", all_run)
    return pids_in(folder)


async def test_answers_and_errors_come_back(processes: Processes) -> None:
    assert await processes.run(pid) != os.getpid()
    with pytest.raises(ConflictError, match="not so"):
        await processes.run(refuse)


async def test_more_work_than_processes_waits(processes: Processes) -> None:
    pids = await asyncio.gather(*(processes.run(pid) for _ in range(5 * MOST)))
    assert 1 <= len(set(pids)) <= MOST


async def test_closed_all_work_ends_and_none_begins(
    processes: Processes, tmp_path: Path, shut_down: list[int]
) -> None:
    works = [asyncio.create_task(processes.run(never_end, str(tmp_path))) for _ in range(MOST + 1)]
    pids = await begun(tmp_path, MOST)
    await asyncio.gather(processes.close(), processes.close())
    for ended in await asyncio.gather(*works, return_exceptions=True):
        assert isinstance(ended, UnavailableError)
    with pytest.raises(UnavailableError, match="about to end"):
        await processes.run(pid)
    assert not any(map(lives, pids))
    assert len(shut_down) == len(set(shut_down)), "twice closes a descriptor that is another's"


@pytest.mark.parametrize("killed", range(MOST))
async def test_a_killed_process_fails_its_work_alone(
    killed: int, processes: Processes, tmp_path: Path, shut_down: list[int]
) -> None:
    works = [asyncio.create_task(processes.run(end_later, str(tmp_path))) for _ in range(MOST)]
    pids = await begun(tmp_path, MOST)
    os.kill(pids[killed], signal.SIGKILL)
    (done,), _ = await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
    assert isinstance(done.exception(), UnavailableError)
    assert len(shut_down) == 1
    (tmp_path / "end").touch()
    (other,) = (work for work in works if work is not done)
    assert await other == pids[1 - killed]
    anew = await asyncio.gather(*(processes.run(pid) for _ in range(MOST)))
    assert pids[killed] not in anew


async def test_cancelled_work_is_done_and_its_process_used_for_no_other(
    processes: Processes, tmp_path: Path
) -> None:
    work = asyncio.create_task(processes.run(end_later, str(tmp_path)))
    (busy,) = await begun(tmp_path, 1)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert busy not in await asyncio.gather(*(processes.run(pid) for _ in range(MOST)))
    assert lives(busy)


async def test_they_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(tmp_path), stderr=asyncio.subprocess.DEVNULL
    )
    pids = await begun(tmp_path, MOST)
    assert all(map(lives, pids))
    parent.kill()
    await parent.wait()

    async def gone() -> bool:
        return not any(map(lives, pids))

    await until("the end of its processes", gone)
