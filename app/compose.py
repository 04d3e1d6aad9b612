"""The composition root: settings in, a running installation out. `foldline` and the end-to-end
tests both begin here."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Literal

from app.installation import Installation
from foldline.clock import Clock, SystemClock
from foldline.core.ids import Snowflakes
from foldline.profiles import Profile
from foldline.settings import Settings
from foldline.web.freshness import ProgressWatch
from foldline.web.operation import Check, log_check, views_check
from foldline.web.routes import Route
from foldline.web.server import Listening, listen
from ingest.commands import Commands
from ingest.routes import routes as ingest_routes
from ingest.standing import Standing
from query.celebrities import Celebrities
from query.reads import Reads
from query.routes import routes as query_routes

ServiceName = Literal["ingest", "query", "both"]


def commands_of(profile: Profile, settings: Settings, clock: Clock) -> Commands:
    """The command handlers over an opened profile."""
    return Commands(
        log=profile.log,
        control=profile.control,
        views=profile.views,
        watch=ProgressWatch(profile.views, clock),
        standing=Standing(profile.views),
        snowflakes=Snowflakes(settings.node_id),
        settings=settings,
        clock=clock,
    )


def reads_of(profile: Profile, settings: Settings, clock: Clock) -> Reads:
    """The reads over an opened profile."""
    return Reads(
        views=profile.views,
        celebrities=Celebrities(profile.views, clock, settings.celebrity_cache_s),
        watch=ProgressWatch(profile.views, clock),
        settings=settings,
        clock=clock,
    )


def checks_of(profile: Profile, more: Mapping[str, Check] | None = None) -> dict[str, Check]:
    """What readiness looks at."""
    checks: dict[str, Check] = {
        "log": log_check(profile.log),
        "views": views_check(profile.log, profile.views),
    }
    return checks | dict(more or {})


async def serve(
    profile: Profile,
    settings: Settings,
    service: ServiceName,
    checks: Mapping[str, Check],
    commands: Commands | None = None,
) -> Listening:
    """One HTTP service over an opened profile, or both on one port."""
    clock = SystemClock()
    routes: list[Route] = []
    if service != "query":
        routes += ingest_routes(commands or commands_of(profile, settings, clock))
    if service != "ingest":
        routes += query_routes(reads_of(profile, settings, clock))
    return await listen(settings, routes, checks, profile.log.partitions)


@asynccontextmanager
async def installed(
    profile: Profile, settings: Settings, parts: Mapping[str, Check]
) -> AsyncIterator[Installation]:
    """Both services over an opened profile, for as long as the block lasts. `parts`: what readiness
    looks at beside log and views."""
    commands = commands_of(profile, settings, SystemClock())
    checks = checks_of(profile, parts)
    http = await serve(profile, settings, "both", checks, commands)
    try:
        yield Installation(profile, commands, http, checks)
    finally:
        await http.close()
