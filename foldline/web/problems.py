"""Errors as HTTP: one table, and problem+json (RFC 9457) for everything that is not a 2xx."""

from http import HTTPStatus
from typing import Final

from aiohttp import web
from pydantic import BaseModel, ValidationError

from foldline import errors
from foldline.errors import Fault, FoldlineError, InvalidError
from foldline.telemetry import TRACE

CONTENT_TYPE: Final = "application/problem+json"
RETRY_AFTER_S: Final = 1

STATUS: Final[tuple[tuple[type[FoldlineError], HTTPStatus], ...]] = (
    (errors.InvalidError, HTTPStatus.BAD_REQUEST),
    (errors.UnauthenticatedError, HTTPStatus.UNAUTHORIZED),
    (errors.ForbiddenError, HTTPStatus.FORBIDDEN),
    (errors.NotFoundError, HTTPStatus.NOT_FOUND),
    (errors.ConflictError, HTTPStatus.CONFLICT),
    (errors.UnsupportedMediaError, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    (errors.KeyReusedError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.LimitedError, HTTPStatus.TOO_MANY_REQUESTS),
    (errors.OverloadedError, HTTPStatus.SERVICE_UNAVAILABLE),
    (errors.UnavailableError, HTTPStatus.SERVICE_UNAVAILABLE),
    (errors.AppendUnknownError, HTTPStatus.GATEWAY_TIMEOUT),
)
"""The first class that an error belongs to gives its status. Anything else is a defect: 500."""


class Problem(BaseModel):
    """The body of every error."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[dict[str, str]] = []
    trace_id: str


def status_of(error: Exception) -> HTTPStatus:
    """The status that answers `error`."""
    for kind, status in STATUS:
        if isinstance(error, kind):
            return status
    return HTTPStatus.INTERNAL_SERVER_ERROR


def problem_of(error: FoldlineError, instance: str) -> web.Response:
    """The answer to one of our own errors."""
    faults = error.faults if isinstance(error, InvalidError) else ()
    response = problem(status_of(error), str(error), instance, faults)
    if isinstance(error, errors.LimitedError):
        response.headers["Retry-After"] = str(error.after_s)
        response.headers.update(error.told)
    return response


def problem(
    status: HTTPStatus, detail: str, instance: str, faults: tuple[Fault, ...] = ()
) -> web.Response:
    """A problem+json response. `instance` is the path that was asked for."""
    body = Problem(
        type=f"urn:foldline:problem:{status.phrase.lower().replace(' ', '-')}",
        title=status.phrase,
        status=status,
        detail=detail,
        instance=instance,
        errors=[fault._asdict() for fault in faults],
        trace_id=TRACE.get(),
    )
    response = web.Response(
        body=body.model_dump_json().encode(), status=status, content_type=CONTENT_TYPE
    )
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    if status is HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="foldline"'
    return response


def invalid_of(error: ValidationError, where: str) -> InvalidError:
    """Our error for what pydantic found wrong. `where`: "body" or "query"."""
    faults = tuple(
        Fault("/" + "/".join(str(part) for part in found["loc"]), found["msg"])
        for found in error.errors(include_url=False, include_context=False, include_input=False)
    )
    first = faults[0]
    at = "" if first.pointer == "/" else f" at {first.pointer}"
    return InvalidError(f"the {where} is not valid{at}: {first.detail}", faults)
