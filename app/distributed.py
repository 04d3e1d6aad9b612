"""The distributed profile on one machine: engines, worker and both services, started in one go."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from pydantic import SecretStr

from app.compose import installed
from app.engines import engines_dir, with_endpoints
from app.installation import Installation
from cql.migrator import migrate
from foldline.clock import Clock, SystemClock
from foldline.control.generations import Generations
from foldline.log.kafka import create_topic
from foldline.profiles import open_profile
from foldline.settings import Settings
from foldline.web.operation import Check
from infra.stack import local_stack
from streams.instance import InstanceStatus, folding

_SILENT_MS: Final = 5_000  # a worker says each second how it stands


@asynccontextmanager
async def running(settings: Settings, say: Callable[[str], None]) -> AsyncIterator[Installation]:
    """Run the distributed profile with engines in `settings.data_dir`; `say` is told what goes on.

    The engines and the worker are ended at the end; all data stay."""
    stack = local_stack(engines_dir(settings.data_dir))
    say("starting Kafka, Cassandra and Redis (the first time they are fetched, too)")
    try:
        settings = with_endpoints(settings, await asyncio.to_thread(stack.up, say))
        for step in await migrate(settings):
            say(step)
        await create_topic(settings)
        async with _worker(settings):
            profile = await open_profile(settings)
            worker = worker_check(settings, profile.control, SystemClock())
            try:
                async with installed(profile, settings, {"worker": worker}) as installation:
                    yield installation
            finally:
                await profile.close()
    finally:
        say("stopping the engines")
        await asyncio.to_thread(stack.down)


def worker_check(settings: Settings, control: Generations, clock: Clock) -> Check:
    """Whether the worker folds into the generation that is served: it has partitions, spoke lately
    and has no trouble."""

    async def check() -> str | None:
        own = folding(settings, await control.active_generation())
        status = await asyncio.to_thread(InstanceStatus.read, own)
        if status is None or clock.now_ms() - status.written_at > _SILENT_MS:
            return "the worker is starting"
        if not status.progress:
            return "the worker has no partitions yet"
        halted = (f"partition {p} halted: {why}" for p, why in status.halted.items())
        return status.trouble or next(halted, None)

    return check


@asynccontextmanager
async def _worker(settings: Settings) -> AsyncIterator[None]:
    """A supervised worker as a process of its own, for as long as the block lasts."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "worker"),
        env=os.environ | environment(settings),
        start_new_session=True,  # Ctrl-C is ours to pass on
    )
    try:
        yield
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(settings.worker_stop_timeout_s + 5):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def environment(settings: Settings) -> dict[str, str]:
    """The settings as another process of this installation gets them."""
    return {
        f"{Settings.model_config['env_prefix']}{name.upper()}": (
            value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        )
        for name, value in settings.model_dump().items()
    }
