"""Running installations for the end-to-end tests, composed as the product composes them."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app import embedded
from app.compose import installed
from app.installation import Installation
from cql.migrator import migrate
from foldline.log.kafka import create_topic
from foldline.profiles import Profile, open_profile
from foldline.settings import Settings
from ingest.commands import Commands
from streams.instance import InstanceStatus
from tests.flow.client import Client, Name, client_of, trusted

WORKERS: Final = 2
_STOP_S: Final = 30
_POLL_S: Final = 0.1
_FOLDLINE: Final = Path(sys.executable).with_name("foldline")


@dataclass
class Worker:
    """A `foldline worker` as a process: a supervisor with a Faust worker under it."""

    settings: Settings
    output: Path
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> None:
        given = {
            f"FOLDLINE_{name.upper()}": str(getattr(self.settings, name))
            for name in self.settings.model_fields_set
        }
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [_FOLDLINE, "worker"], env=os.environ | given, stdout=output, stderr=output
            )

    async def partitions(self) -> set[int]:
        """The partitions that the worker says it owns."""
        if self.process.poll() is not None:
            raise RuntimeError(
                f"the worker ended with {self.process.returncode}: {self.output.read_text()}"
            )
        status = await asyncio.to_thread(InstanceStatus.read, self.settings)
        return set(status.progress) if status is not None else set()

    async def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        try:
            await asyncio.to_thread(self.process.wait, _STOP_S)
        finally:
            self.process.kill()


@dataclass(frozen=True)
class World:
    """An installation, its command handlers, and a client in front of it."""

    settings: Settings
    profile: Profile
    commands: Commands
    client: Client
    workers: tuple[Worker, ...] = ()
    admin: str | None = None


@asynccontextmanager
async def world(settings: Settings, name: Name = trusted) -> AsyncIterator[World]:
    """The installation that the settings describe: embedded as one process; distributed with two
    real workers that share the partitions. `name`: how its client says who asks."""
    running = _embedded if settings.profile == "embedded" else _distributed
    async with running(settings, name) as made:
        yield made


@asynccontextmanager
async def _embedded(settings: Settings, name: Name) -> AsyncIterator[World]:
    async with embedded.running(settings) as one, _client(one, name) as client:
        yield World(settings, one.profile, one.commands, client, admin=client.admin)


@asynccontextmanager
async def _distributed(settings: Settings, name: Name) -> AsyncIterator[World]:
    await migrate(settings)
    await create_topic(settings)
    async with AsyncExitStack() as stack:
        profile = await open_profile(settings)
        stack.push_async_callback(profile.close)
        installation = await stack.enter_async_context(installed(profile, settings, {}))
        workers = tuple(_worker(settings, number) for number in range(1, WORKERS + 1))
        for worker in workers:
            worker.start()
            stack.push_async_callback(worker.stop)
        await shared(workers, profile.log.partitions)
        client = await stack.enter_async_context(_client(installation, name))
        yield World(settings, profile, installation.commands, client, workers, client.admin)


def _client(one: Installation, name: Name) -> AbstractAsyncContextManager[Client]:
    assert one.http.admin is not None
    admin = one.http.admin.url
    return client_of(one.http.url, admin=admin, ends=one.profile.log.ends, name=name)


def _worker(settings: Settings, number: int) -> Worker:
    name = f"worker-{number}"
    own = settings.model_copy(update={"worker_instance": name, "node_id": number})
    return Worker(own, settings.data_dir / f"{name}.log")


async def shared(workers: tuple[Worker, ...], partitions: int) -> None:
    """Wait until every worker owns some partitions, and together they own each once."""
    async with asyncio.timeout(90):
        while True:
            owned = [await worker.partitions() for worker in workers]
            if all(owned) and sorted(p for each in owned for p in each) == list(range(partitions)):
                return
            await asyncio.sleep(_POLL_S)
