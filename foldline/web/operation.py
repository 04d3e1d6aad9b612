"""What an operator asks of any service: does it live, is it ready, what are its figures."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

import orjson
from aiohttp import hdrs, web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from foldline import telemetry
from foldline.caching.bus import Bus
from foldline.control.port import Control
from foldline.core.position import lag_of
from foldline.errors import FoldlineError
from foldline.log.port import EventLog
from foldline.views.port import Views

Check = Callable[[], Awaitable[str | None]]
"""What is wrong with a part, or None; a raised error is wrong too. What is no trouble is `Well`."""


class Well(str):
    """What a part has to say though nothing is wrong with it."""


_CHECK_TIMEOUT_S = 2.0
_LETTERS_MAX = 1_000


def add_operation(app: web.Application, checks: Mapping[str, Check]) -> None:
    """Serve `/livez`, `/readyz` and `/metrics`."""

    async def livez(_: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def readyz(request: web.Request) -> web.Response:
        found = await told(checks)
        well = all_well(found)
        status = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
        body: dict[str, object] = {"ready": well}
        if "verbose" in request.query or not well:
            body["parts"] = {part: said or "ok" for part, said in found.items()}
        response = web.Response(
            body=orjson.dumps(body), status=status, content_type="application/json"
        )
        response.headers[hdrs.CACHE_CONTROL] = "no-store"
        return response

    async def metrics(_: web.Request) -> web.Response:
        await told(checks)
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app.router.add_get("/livez", livez)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)


async def told(checks: Mapping[str, Check]) -> dict[str, str | None]:
    """What is wrong with each part; None, or a `Well`, where nothing is."""

    async def one(check: Check) -> str | None:
        try:
            async with asyncio.timeout(_CHECK_TIMEOUT_S):
                return await check()
        except TimeoutError:
            return f"no answer within {_CHECK_TIMEOUT_S:g} s"
        except FoldlineError as error:
            return str(error)

    found = await asyncio.gather(*(one(check) for check in checks.values()))
    return dict(zip(checks, found, strict=True))


def all_well(found: Mapping[str, str | None]) -> bool:
    """Whether no part told of a trouble."""
    return all(not said or isinstance(said, Well) for said in found.values())


def log_check(log: EventLog) -> Check:
    """Whether the log answers; its ends as metrics."""

    async def check() -> None:
        for partition, end in enumerate(await log.ends()):
            telemetry.LOG_END.labels(str(partition)).set(end)

    return check


def control_check(control: Control) -> Check:
    """Whether the control store answers."""

    async def check() -> None:
        await control.active_generation()

    return check


def views_check(views: Views) -> Check:
    """Whether the views answer; progress and dead letters as metrics, which are no trouble in
    themselves."""

    async def check() -> None:
        for partition, offset in (await views.progress()).items():
            telemetry.PROGRESS.labels(str(partition)).set(offset)
        telemetry.DEAD_LETTERS.set(len(await views.dead_letters(None, _LETTERS_MAX)))

    return check


def lag_check(log: EventLog, views: Views) -> Check:
    """How many events the views are behind the log: no trouble in itself."""

    async def check() -> str:
        lag = lag_of(await views.progress(), await log.ends())
        telemetry.LAG.set(lag)
        return Well(f"{lag:,} events")

    return check


def cache_check(bus: Bus | None) -> Check:
    """Whether the caches answer: never a trouble, since the views are read without them too."""

    async def check() -> str:
        if bus is None:
            return Well("off")
        return Well("ok" if bus.usable else "passed by, since the log is not heard")

    return check
