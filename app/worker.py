"""`foldline worker`: one worker, by itself or under a supervisor that starts it again."""

import asyncio
import os
import sys

import typer

from app.distributed import environment
from app.options import run_until_stopped
from foldline.settings import Settings
from streams.supervisor import supervise
from streams.worker import run_worker


def lone(settings: Settings) -> int:
    """Fold in this process. The exit code says how it ended."""
    return run_worker(settings)


def supervised(settings: Settings) -> None:
    """Fold in a process of its own, and start it again whenever it ends. Exits as it did where
    that is no use."""
    os.environ.update(environment(settings))
    command = [sys.executable, "-m", "app", "worker", "--lone"]

    async def main(stop: asyncio.Event) -> None:
        if code := await supervise(settings, command, stop):
            raise typer.Exit(code)

    run_until_stopped(main)
