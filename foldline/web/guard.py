"""The outermost layer of every request: its trace, its time, its metrics, its errors."""

import asyncio
import time
from http import HTTPStatus

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from foldline import telemetry
from foldline.errors import FoldlineError, OverloadedError
from foldline.web.problems import problem, problem_of

_logger = structlog.get_logger()


_EXEMPT = frozenset(("/livez", "/readyz", "/metrics"))


def guard(timeout_s: float, requests_max: int) -> web.middleware:  # type: ignore[valid-type]
    """A middleware that answers every error as problem+json, within `timeout_s`. What comes while
    `requests_max` are in hand is turned away at once: a queue would only make all of them late."""
    in_hand = 0

    @web.middleware
    async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
        nonlocal in_hand
        if in_hand >= requests_max and request.path not in _EXEMPT:
            return await answer(request, _turned_away)
        in_hand += 1
        try:
            return await answer(request, handler)
        finally:
            in_hand -= 1

    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        trace = telemetry.trace_of(request.headers.get("traceparent"))
        telemetry.TRACE.set(trace)
        begun = time.perf_counter()
        response = await _answer(request, handler, timeout_s)
        response.headers["Foldline-Trace"] = trace
        _measure(request, response.status, time.perf_counter() - begun)
        return response

    return admit


async def _turned_away(_: web.Request) -> web.StreamResponse:
    raise OverloadedError("this process has too much in hand; try again")


async def _answer(request: web.Request, handler: Handler, timeout_s: float) -> web.StreamResponse:
    try:
        async with asyncio.timeout(timeout_s):
            return await handler(request)
    except FoldlineError as error:
        return problem_of(error, request.path)
    except web.HTTPException as error:
        response = problem(HTTPStatus(error.status), _words(error), request.path)
        if isinstance(error, web.HTTPMethodNotAllowed):
            response.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
        return response
    except TimeoutError:
        detail = f"no answer within {timeout_s:g} s; a command may or may not have been taken"
        return problem(HTTPStatus.GATEWAY_TIMEOUT, detail, request.path)
    except Exception:
        _logger.exception("request failed", method=request.method, path=request.path)
        detail = "an error of ours; the trace id finds it in the logs"
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail, request.path)


def _words(error: web.HTTPException) -> str:
    match error:
        case web.HTTPNotFound():
            return "there is no such route"
        case web.HTTPMethodNotAllowed():
            return f"{error.method} is not among {', '.join(sorted(error.allowed_methods))}"
        case web.HTTPRequestEntityTooLarge():
            return "the body is larger than this service takes"
        case _:
            return error.reason


def _measure(request: web.Request, status: int, seconds: float) -> None:
    resource = request.match_info.route.resource
    route = resource.canonical if resource is not None else "none"
    telemetry.REQUESTS.labels(request.method, route, str(status)).inc()
    telemetry.REQUEST_SECONDS.labels(request.method, route).observe(seconds)
    _logger.debug(
        "request",
        method=request.method,
        path=request.path,
        status=status,
        ms=round(seconds * 1000, 2),
    )
