"""The outermost layer of every request: its trace, its time, its metrics, its errors."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

import structlog
from aiohttp import hdrs, web
from prometheus_client import Counter, Histogram

from foldline import telemetry
from foldline.errors import FoldlineError
from foldline.web.budgets import LEFT, headers_of
from foldline.web.load import Load
from foldline.web.problems import problem, problem_of

_logger = structlog.get_logger()
_EXEMPT: Final = frozenset(("/livez", "/readyz", "/metrics"))
_METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def guard(handle: Answer, timeout_s: float, load: Load) -> Answer:
    """`handle` in the running loop: every error as problem+json, within `timeout_s`, and what is
    more than the process can do turned away at once."""
    measures = _Measures()
    loop = asyncio.get_running_loop()

    async def answer(request: web.Request) -> web.StreamResponse:
        begun = time.monotonic()
        trace = telemetry.trace_of(request.headers.get("traceparent"))
        telemetry.TRACE.set(trace)
        task = asyncio.current_task(loop)
        assert task is not None
        try:
            load.begin(task, begun, always=request.path in _EXEMPT)
            response = await handle(request)
        except asyncio.CancelledError:
            if not load.end(task):
                raise
            response = _too_late(request, timeout_s)
        except TimeoutError:
            response = _too_late(request, timeout_s)
        except Exception as error:
            response = _told(request, error)
        if load.end(task):
            response = _too_late(request, timeout_s)
        headers = response.headers
        headers[hdrs.SERVER] = "foldline"  # else its kind and version are told
        headers["Foldline-Trace"] = trace
        if len(request):  # most have nothing noted, and a look-up costs ten times as much
            for name, value in headers_of(request.get(LEFT, ())).items():
                headers.setdefault(name, value)
        measures.note(request, response.status, time.monotonic() - begun)
        return response

    return answer


def _too_late(request: web.Request, timeout_s: float) -> web.Response:
    detail = f"no answer within {timeout_s:g} s; a command may or may not have been taken"
    return problem(HTTPStatus.GATEWAY_TIMEOUT, detail, request.path)


def _told(request: web.Request, error: Exception) -> web.Response:
    if isinstance(error, FoldlineError):
        return problem_of(error, request.path)
    if isinstance(error, web.HTTPException):
        response = problem(HTTPStatus(error.status), _words(error), request.path)
        if isinstance(error, web.HTTPMethodNotAllowed):
            response.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
        return response
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


class _Measures:
    """Metrics of requests, each looked up by its labels once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._logger = _logger.bind()

    def note(self, request: web.Request, status: int, seconds: float) -> None:
        """One that was answered."""
        found = request._match_info  # None where it was turned away before
        resource = None if found is None else found.route.resource
        route = "none" if resource is None else resource.canonical
        key = (request.method, route, status)
        if key not in self._known:
            method = request.method if request.method in _METHODS else "other"
            key = (method, route, status)
            self._known[key] = (
                telemetry.REQUESTS.labels(method, route, str(status)),
                telemetry.REQUEST_SECONDS.labels(method, route),
            )
        requests, times = self._known[key]
        requests.inc()
        times.observe(seconds)
        self._logger.debug(
            "request", method=request.method, path=request.path, status=status, seconds=seconds
        )
