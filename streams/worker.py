"""One worker process of the distributed profile."""

import asyncio
import os
import signal
import sys
from typing import Final

import structlog
import uvloop

from foldline.cassandra_commitlog import require_group_commitlog
from foldline.clock import SystemClock
from foldline.errors import (
    ConflictError,
    MisconfiguredError,
    NotFoundError,
    UnavailableError,
)
from foldline.profiles import Profile, open_profile
from foldline.settings import Settings
from streams.exits import Exit, leave
from streams.faust_app import WorkerApp, worker_app
from streams.instance import InstanceStatus, folding, only_instance
from streams.projector import Projector

_STATUS_EVERY_S: Final = 1.0
_logger = structlog.get_logger()


def run_worker(settings: Settings, number: int | None = None) -> int:
    """Fold events into generation `number`, or else the one that is served, until SIGTERM or
    SIGINT; the exit code (see `Exit`). Opens its own adapters: the Cassandra driver must not be
    carried over a fork."""
    try:
        uvloop.run(_work(settings, number))
    except ConflictError as error:
        return _refused(Exit.LOCKED, error)
    except MisconfiguredError as error:
        return _refused(Exit.MISCONFIGURED, error)
    except (UnavailableError, NotFoundError) as error:
        return _refused(Exit.UNAVAILABLE, error)
    return Exit.STOPPED


def _refused(code: Exit, error: Exception) -> Exit:
    sys.stderr.write(f"foldline worker: {error}\n")
    return code


async def _work(settings: Settings, number: int | None) -> None:
    await require_group_commitlog(settings)
    profile = await open_profile(settings, number)
    own = folding(settings, profile.generation)
    try:
        with only_instance(own):
            await _project(own, profile)
    finally:
        await profile.close()


async def _project(settings: Settings, profile: Profile) -> None:
    projector = Projector(profile.log, profile.views, settings, SystemClock())
    app = worker_app(settings, profile.generation, projector)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    reporting = asyncio.ensure_future(_report(settings, projector))
    folding = asyncio.ensure_future(_fold(app))
    stopped = asyncio.ensure_future(stopping.wait())
    await asyncio.wait([folding, stopped], return_when=asyncio.FIRST_COMPLETED)
    if folding.done():
        folding.result()
    _logger.info("worker stops")
    await projector.stop()
    await app.stop()
    reporting.cancel()


async def _fold(app: WorkerApp) -> None:
    await app.start()
    try:
        await app.projector.failure()
    except Exception as error:
        _logger.exception("write failed")
        leave(Exit.UNEXPECTED, repr(error))


async def _report(settings: Settings, projector: Projector) -> None:
    """Say each second how it stands, for the supervisor outside."""
    while True:
        status = InstanceStatus(
            pid=os.getpid(),
            written_at=SystemClock().now_ms(),
            progress=dict(projector.progress),
            halted=dict(projector.halted),
            trouble=projector.trouble,
        )
        await asyncio.to_thread(status.write, settings)
        await asyncio.sleep(_STATUS_EVERY_S)
