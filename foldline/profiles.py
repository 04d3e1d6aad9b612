"""Which adapters make up a profile: the one place where ports meet technologies.

The contract suites run over every adapter listed here, so none can escape them.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from foldline.cache.local import open_local_cache
from foldline.cache.port import Cache
from foldline.cache.redis import open_redis_cache
from foldline.control.cassandra import open_cassandra_control
from foldline.control.port import Control
from foldline.control.sqlite import open_sqlite_control
from foldline.errors import MisconfiguredError, NotFoundError
from foldline.generation import Generation
from foldline.log.kafka import open_kafka_log
from foldline.log.port import EventLog
from foldline.log.sqlite import open_sqlite_log
from foldline.settings import ProfileName, Settings
from foldline.views.cassandra import open_cassandra_views
from foldline.views.port import Views
from foldline.views.sqlite import open_sqlite_views

LogOpener = Callable[[Settings], Awaitable[EventLog]]
ControlOpener = Callable[[Settings], Awaitable[Control]]
ViewsOpener = Callable[[Settings, Generation], Awaitable[Views]]
CacheOpener = Callable[[Settings, str], Awaitable[Cache]]


@dataclass(frozen=True, slots=True)
class Adapters:
    """How each port of a profile is opened."""

    log: LogOpener
    control: ControlOpener
    views: ViewsOpener
    cache: CacheOpener


PROFILES: Final[Mapping[ProfileName, Adapters]] = {
    "embedded": Adapters(open_sqlite_log, open_sqlite_control, open_sqlite_views, open_local_cache),
    "distributed": Adapters(
        open_kafka_log, open_cassandra_control, open_cassandra_views, open_redis_cache
    ),
}


@dataclass(frozen=True, slots=True)
class Profile:
    """The opened ports of an installation; `views` are those of `generation`."""

    log: EventLog
    control: Control
    generation: Generation
    views: Views

    async def close(self) -> None:
        """Close all ports, the log first, so that nothing new begins."""
        await self.log.close()
        await self.views.close()
        await self.control.close()


async def open_profile(settings: Settings, number: int | None = None) -> Profile:
    """Open the ports of the profile that the settings name, with the views of generation `number`,
    or else of the one that is served. The stores must be migrated. Raises `NotFoundError`, and
    `MisconfiguredError` where the log is another one by now."""
    adapters = PROFILES[settings.profile]
    async with AsyncExitStack() as opened:
        control = await adapters.control(settings)
        opened.push_async_callback(control.close)
        if (epoch := await control.log_epoch()) != settings.log_epoch:
            raise MisconfiguredError(
                f"the log was migrated: set FOLDLINE_LOG_EPOCH={epoch} (it is {settings.log_epoch})"
            )
        generation = await _generation(control, number)
        views = await adapters.views(settings, generation)
        opened.push_async_callback(views.close)
        log = await adapters.log(settings)
        opened.pop_all()
        return Profile(log, control, generation, views)


@asynccontextmanager
async def views_of(settings: Settings, generation: Generation) -> AsyncIterator[Views]:
    """The views of a generation, for as long as the block lasts."""
    views = await PROFILES[settings.profile].views(settings, generation)
    try:
        yield views
    finally:
        await views.close()


async def _generation(control: Control, number: int | None) -> Generation:
    if number is None:
        return await control.active_generation()
    found = {generation.number: generation for generation in await control.generations()}
    if number not in found:
        raise NotFoundError(f"there is no generation {number}; there are {sorted(found)}")
    return found[number]


async def open_cache(settings: Settings, generation: Generation) -> Cache:
    """The cache of a generation's views: the profile's own, or one that no other process shares."""
    opener = open_local_cache if settings.cache == "local" else PROFILES[settings.profile].cache
    return await opener(settings, f"{settings.keyspace}:e{settings.log_epoch}:g{generation.number}")
