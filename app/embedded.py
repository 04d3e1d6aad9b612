"""The embedded profile as one process: log, views, projector and both services."""

import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from app.compose import checks_of, commands_of, serve
from app.installation import Installation
from foldline.clock import SystemClock
from foldline.errors import MisconfiguredError
from foldline.profiles import open_profile
from foldline.settings import Settings
from streams.runner import Runner


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Installation]:
    """Run the whole embedded profile on `settings.data_dir`, which no other process may use."""
    with locked(settings.data_dir):
        profile = await open_profile(settings)
        clock = SystemClock()
        runner = Runner(profile.log, profile.views, settings, clock)
        commands = commands_of(profile, settings, clock)

        async def projector() -> str | None:
            return runner.trouble

        try:
            runner.start()
            checks = checks_of(profile, {"projector": projector})
            http = await serve(profile, settings, "both", checks, commands)
            try:
                yield Installation(profile, commands, http, checks)
            finally:
                await http.close()
        finally:
            await runner.stop()
            await profile.close()


@contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Hold a data directory for this process alone; MisconfiguredError if another has it."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise MisconfiguredError(
                f"{data_dir} is in use by process {lock.read().strip() or 'unknown'}: "
                "stop it, or choose another --data-dir"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
