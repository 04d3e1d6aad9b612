"""The caches of a process over an opened profile: what the settings ask for, or none."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from foldline.caching.bus import Bus, Progressing
from foldline.caching.views import CachedViews
from foldline.clock import Clock
from foldline.profiles import Profile, open_cache
from foldline.settings import Settings
from foldline.views.port import ServedViews


@dataclass(frozen=True, slots=True)
class Cached:
    """The views to read from, whose `progress` goes with them, and the bus, if there is one."""

    views: ServedViews
    progress: Progressing
    bus: Bus | None = None


@asynccontextmanager
async def cached(profile: Profile, settings: Settings, clock: Clock) -> AsyncIterator[Cached]:
    """The profile's views behind caches, for as long as the block lasts."""
    if settings.cache == "off":
        yield Cached(profile.views, profile.views)
        return
    bus = Bus(profile.log, profile.views, settings, clock)
    cache = await open_cache(settings, profile.generation)
    views = CachedViews(profile.views, bus, cache, settings, clock)
    try:
        await bus.start()
        yield Cached(views, bus, bus)
    finally:
        await bus.stop()
        await views.close()
