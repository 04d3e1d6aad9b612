"""What the stores of each profile need for generations: tables before, and nothing left after."""

import asyncio
from collections.abc import Awaitable, Callable

from cql.migrator import drop_views, migrate
from foldline.settings import Settings


def preparing(settings: Settings) -> Callable[[], Awaitable[object]]:
    """Makes the tables of all generations that are known. Repeatable."""

    async def prepare() -> None:
        if settings.profile == "distributed":
            await migrate(settings)

    return prepare


def removing(settings: Settings) -> Callable[[int], Awaitable[object]]:
    """Removes all that the stores have of a generation. Repeatable."""

    async def remove(number: int) -> None:
        if settings.profile == "distributed":
            await drop_views(settings, number)
        else:
            await asyncio.to_thread(_unlink, settings, number)

    return remove


def _unlink(settings: Settings, number: int) -> None:
    for path in settings.data_dir.glob(f"views-g{number}.sqlite*"):
        path.unlink(missing_ok=True)
