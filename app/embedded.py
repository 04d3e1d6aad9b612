"""The embedded profile as one process: log, views, projector and both services."""

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path

from app.compose import installed
from app.installation import Installation
from foldline.clock import SystemClock
from foldline.errors import MisconfiguredError
from foldline.process_lock import only_process
from foldline.profiles import open_profile
from foldline.settings import Settings
from streams.runner import Runner


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Installation]:
    """Run the whole embedded profile on `settings.data_dir`, which no other process may use."""
    with locked(settings.data_dir):
        profile = await open_profile(settings)
        runner = Runner(profile.log, profile.views, settings, SystemClock())

        async def projector() -> str | None:
            return runner.trouble

        try:
            runner.start()
            async with installed(profile, settings, {"projector": projector}) as installation:
                yield installation
        finally:
            await runner.stop()
            await profile.close()


def locked(data_dir: Path) -> AbstractContextManager[None]:
    """Hold a data directory for this process alone; MisconfiguredError if another has it."""

    def refusal(holder: str) -> MisconfiguredError:
        return MisconfiguredError(
            f"{data_dir} is in use by process {holder}: stop it, or choose another --data-dir"
        )

    return only_process(data_dir / "lock", refusal)
