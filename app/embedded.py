"""The embedded profile as one process: log, views, projectors and both services."""

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.compose import installed
from app.installation import Installation
from app.resuming import resuming
from foldline.clock import SystemClock
from foldline.errors import MisconfiguredError
from foldline.generation import Generation
from foldline.process_lock import only_process
from foldline.profiles import PROFILES, Profile, open_profile
from foldline.settings import Settings
from foldline.views.port import Views
from streams.instance import folding
from streams.keeping import Keeping
from streams.runner import Runner


@dataclass(frozen=True, slots=True)
class Folding:
    """A generation that is folded in this process, into views of its own."""

    runner: Runner
    views: Views

    @classmethod
    async def begin(cls, profile: Profile, settings: Settings, generation: Generation) -> "Folding":
        views = await PROFILES[settings.profile].views(settings, generation)
        own = folding(settings, generation)
        runner = Runner(profile.log, views, own, SystemClock())
        runner.start()
        return cls(runner, views)

    async def stop(self) -> None:
        await self.runner.stop()
        await self.views.close()


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Installation]:
    """Run the whole embedded profile on `settings.data_dir`, which no other process may use."""
    with locked(settings.data_dir):
        profile = await open_profile(settings)
        keeping = Keeping(profile.control, lambda made: Folding.begin(profile, settings, made))

        async def projector() -> str | None:
            served = await profile.control.active_generation()
            folding = keeping.hosts.get(served.number)
            if folding is None:
                return f"generation {served.number} is served and not folded"
            return folding.runner.trouble

        try:
            await keeping.start()
            async with (
                resuming(settings, profile.control),
                installed(profile, settings, {"projector": projector}) as installation,
            ):
                yield installation
        finally:
            await keeping.stop()
            await profile.close()


def locked(data_dir: Path) -> AbstractContextManager[None]:
    """Hold a data directory for this process alone; MisconfiguredError if another has it."""

    def refusal(holder: str) -> MisconfiguredError:
        return MisconfiguredError(
            f"{data_dir} is in use by process {holder}: stop it, or choose another --data-dir"
        )

    return only_process(data_dir / "lock", refusal)
