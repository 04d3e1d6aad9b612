"""What an operator asks of any service: does it live, is it ready, what are its figures."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

import orjson
from aiohttp import hdrs, web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from foldline import telemetry
from foldline.control.port import Control
from foldline.errors import FoldlineError
from foldline.log.port import EventLog
from foldline.views.port import Views

Check = Callable[[], Awaitable[str | None]]
"""What is wrong with a part, or None; a raised error is wrong too."""

_CHECK_TIMEOUT_S = 2.0
_LETTERS_MAX = 1_000


def add_operation(app: web.Application, checks: Mapping[str, Check]) -> None:
    """Serve `/livez`, `/readyz` and `/metrics`."""

    async def livez(_: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def readyz(request: web.Request) -> web.Response:
        found = await troubles(checks)
        ready = not any(found.values())
        status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        body: dict[str, object] = {"ready": ready}
        if "verbose" in request.query or not ready:
            body["parts"] = {part: trouble or "ok" for part, trouble in found.items()}
        response = web.Response(
            body=orjson.dumps(body), status=status, content_type="application/json"
        )
        response.headers[hdrs.CACHE_CONTROL] = "no-store"
        return response

    async def metrics(_: web.Request) -> web.Response:
        await troubles(checks)
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app.router.add_get("/livez", livez)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)


async def troubles(checks: Mapping[str, Check]) -> dict[str, str | None]:
    """What is wrong with each part, None where nothing is."""

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


def views_check(log: EventLog, views: Views) -> Check:
    """Whether the views answer; progress, lag and dead letters as metrics, which are no trouble in
    themselves."""

    async def check() -> None:
        progress = await views.progress()
        ends = await log.ends()
        lag = 0
        for partition, end in enumerate(ends):
            telemetry.PROGRESS.labels(str(partition)).set(progress.get(partition, 0))
            lag += max(end - progress.get(partition, 0), 0)
        telemetry.LAG.set(lag)
        telemetry.DEAD_LETTERS.set(len(await views.dead_letters(None, _LETTERS_MAX)))

    return check
