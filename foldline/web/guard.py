"""The outermost layer of every request: its trace, its time, its metrics, its errors."""

import asyncio
import time
from http import HTTPStatus
from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from foldline import telemetry
from foldline.errors import FoldlineError
from foldline.web.budgets import LEFT, headers_of
from foldline.web.load import Load
from foldline.web.problems import problem, problem_of

_logger = structlog.get_logger()
_EXEMPT: Final = frozenset(("/livez", "/readyz", "/metrics"))


def guard(timeout_s: float, load: Load) -> web.middleware:  # type: ignore[valid-type]
    """A middleware that answers every error as problem+json, within `timeout_s`, and turns away at
    once what is more than the process can do."""

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        async def admitted(request: web.Request) -> web.StreamResponse:
            with load.taken(always=request.path in _EXEMPT):
                return await handler(request)

        trace = telemetry.trace_of(request.headers.get("traceparent"))
        telemetry.TRACE.set(trace)
        begun = time.perf_counter()
        response = await _answer(request, admitted, timeout_s)
        response.headers["Foldline-Trace"] = trace
        for name, value in headers_of(request.get(LEFT, ())).items():
            response.headers.setdefault(name, value)
        _measure(request, response.status, time.perf_counter() - begun)
        return response

    return answer


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
