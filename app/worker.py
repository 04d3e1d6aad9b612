"""`foldline worker`: one worker, by itself or under a supervisor that starts it again."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import typer

from app.compose import checks_of
from app.distributed import environment, worker_check
from app.options import run_until_stopped
from app.resuming import resuming
from foldline.clock import SystemClock
from foldline.profiles import open_profile
from foldline.settings import Settings
from foldline.web.server import listen
from streams.supervisor import supervise
from streams.worker import run_worker


def lone(settings: Settings, number: int | None) -> int:
    """Fold in this process, into generation `number` or else the one that is served. The exit code
    says how it ended."""
    return run_worker(settings, number)


def supervised(settings: Settings, port: int | None) -> None:
    """Fold in a process of its own, and start it again whenever it ends. Exits as it did where
    that is no use. `port`: where to tell of its health, if anywhere."""
    os.environ.update(environment(settings))
    command = [sys.executable, "-m", "app", "worker", "--lone"]

    async def main(stop: asyncio.Event) -> None:
        async with _operation(settings, port):
            code = await supervise(settings, command, stop, partial(resuming, settings))
        if code:
            raise typer.Exit(code)

    run_until_stopped(main)


@asynccontextmanager
async def _operation(settings: Settings, port: int | None) -> AsyncIterator[None]:
    """Health and metrics of the worker, served from outside of it, so that they outlive it."""
    if port is None:
        yield
        return
    profile = await open_profile(settings)
    try:
        checks = checks_of(
            profile, {"worker": worker_check(settings, profile.control, SystemClock())}
        )
        place = settings.model_copy(update={"port": port})
        http = await listen(place, [], checks)
        yield
        await http.close()
    finally:
        await profile.close()
