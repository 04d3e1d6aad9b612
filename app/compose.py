"""The composition root: settings in, a running installation out. `foldline` and the end-to-end
tests both begin here."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Literal

from app.admin.operation import Operation, operation_of
from app.admin.routes import routes as admin_routes
from app.following import Following, Front
from app.installation import Installation
from foldline.caching.kept import Kept
from foldline.caching.opening import Cached, cached
from foldline.clock import Clock, SystemClock
from foldline.core.ids import Snowflakes
from foldline.generation import Generation
from foldline.profiles import PROFILES, Profile
from foldline.settings import Settings
from foldline.web.freshness import ProgressWatch
from foldline.web.identity import identify_by
from foldline.web.limiting import Limiter
from foldline.web.operation import (
    Check,
    cache_check,
    control_check,
    lag_check,
    log_check,
    views_check,
)
from foldline.web.passwords import Passwords
from foldline.web.routes import Gatekeeper, Route
from foldline.web.server import Listening, listen
from foldline.web.tokens import Tokens, key_of
from ingest.commands import Commands
from ingest.routes import routes as ingest_routes
from ingest.standing import Standing
from query.celebrities import Celebrities
from query.homes import Homes
from query.present import Fragments
from query.reads import Reads
from query.routes import routes as query_routes

ServiceName = Literal["ingest", "query", "both"]


def commands_of(profile: Profile, settings: Settings, clock: Clock) -> Commands:
    """The command handlers over an opened profile."""
    return Commands(
        tokens=Tokens(key_of(settings), settings.access_ttl_s, clock),
        passwords=Passwords(),
        limiter=Limiter(settings, clock),
        log=profile.log,
        control=profile.control,
        views=profile.views,
        watch=ProgressWatch(profile.views, clock),
        standing=Standing(profile.views, clock),
        snowflakes=Snowflakes(settings.node_id),
        settings=settings,
        clock=clock,
    )


def reads_of(cached: Cached, settings: Settings, clock: Clock) -> Reads:
    """The reads over an opened profile's views, behind caches or not."""
    return Reads(
        views=cached.views,
        celebrities=Celebrities(cached.views, clock, settings.celebrity_cache_s),
        watch=ProgressWatch(cached.progress, clock),
        settings=settings,
        clock=clock,
        fragments=Fragments(settings.cached_bodies),
        homes=None
        if cached.bus is None
        else Homes(cached.views, cached.bus, settings.cached_homes),
        kept=None if cached.bus is None else Kept("page", cached.bus, settings.cached_page_bytes),
    )


def checks_of(profile: Profile, more: Mapping[str, Check] | None = None) -> dict[str, Check]:
    """What readiness looks at."""
    checks: dict[str, Check] = {
        "log": log_check(profile.log),
        "views": views_check(profile.views),
        "lag": lag_check(profile.log, profile.views),
        "control": control_check(profile.control),
    }
    return checks | dict(more or {})


async def serve(
    profile: Profile,
    settings: Settings,
    service: ServiceName,
    checks: Mapping[str, Check],
    commands: Commands | None = None,
) -> Listening:
    """One HTTP service over an opened profile, or both on one port; whenever another generation is
    served, over that one."""
    first = commands or commands_of(profile, settings, SystemClock())
    operation = operation_of(profile, settings, first.clock)
    fronts = partial(_front, service=service, commands=first, operation=operation)

    async def opened(generation: Generation) -> Front:
        behind = AsyncExitStack()
        try:
            views = await PROFILES[settings.profile].views(settings, generation)
            behind.push_async_callback(views.close)
            other = replace(profile, generation=generation, views=views)
            return await fronts(other, {**checks, **checks_of(other)}, behind)
        except BaseException:
            await behind.aclose()
            raise

    front = await fronts(profile, checks, AsyncExitStack())
    following = Following(front, profile.control, opened, 2 * settings.request_timeout_s)
    behind = AsyncExitStack()
    behind.push_async_callback(operation.close)
    behind.push_async_callback(following.close)
    gate = Gatekeeper(
        identify_by(settings, first.tokens),
        first.limiter,
        profile.log.partitions,
        settings.trusted_proxies,
    )
    try:
        listening = await listen(settings, following.routes, following.checks, gate)
        return replace(listening, behind=behind)
    except BaseException:
        await behind.aclose()
        raise


async def _front(
    profile: Profile,
    checks: Mapping[str, Check],
    behind: AsyncExitStack,
    *,
    service: ServiceName,
    commands: Commands,
    operation: Operation,
) -> Front:
    """All that answers from the profile's generation. `commands` and `operation` are of whatever
    generation: ids, budgets, keys and orders go on."""
    settings, clock = operation.settings, commands.clock
    repairs = await profile.control.repairs(profile.generation.number)
    routes: list[Route] = []
    if service != "query":
        routes += ingest_routes(_over(profile, commands))
        routes += admin_routes(replace(operation, profile=profile))
    if service != "ingest":
        views = await behind.enter_async_context(cached(profile, settings, clock))
        routes += query_routes(reads_of(views, settings, clock))
        checks = {**checks, "cache": cache_check(views.bus)}
    return Front(profile.generation, repairs, routes, checks, behind)


def _over(profile: Profile, commands: Commands) -> Commands:
    """The same handlers over the views of this profile."""
    if commands.views is profile.views:
        return commands
    return replace(
        commands,
        views=profile.views,
        watch=ProgressWatch(profile.views, commands.clock),
        standing=Standing(profile.views, commands.clock),
    )


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
