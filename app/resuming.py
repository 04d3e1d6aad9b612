"""Rebuilds that nobody works on, taken up beside a host of projectors."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from app.aside import Aside
from app.rebuilding import take_up
from foldline.control.generations import Generations
from foldline.settings import Settings
from streams.rebuild.resuming import Resuming


@asynccontextmanager
async def resuming(settings: Settings, control: Generations) -> AsyncIterator[None]:
    """Look for them, and work on them in a process beside this one, until the block ends."""
    aside = Aside(settings)
    looking = Resuming(control, settings.rebuild_lease_s, partial(aside.run, take_up))
    looking.start()
    try:
        yield
    finally:
        await aside.close()
        await looking.stop()
