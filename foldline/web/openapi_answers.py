"""Headers and problems of the OpenAPI document: what answers have beside their bodies."""

from http import HTTPStatus
from typing import Any, Final

from foldline.web import freshness
from foldline.web.openapi_models import reference
from foldline.web.problems import CONTENT_TYPE, Problem
from foldline.web.routes import Route

_REF: Final = "#/components/headers/"


def _text(description: str, *, required: bool = False, **schema: str) -> dict[str, Any]:
    return {
        "description": description,
        "required": required,
        "schema": {"type": "string", **schema},
    }


HEADERS: Final[dict[str, dict[str, Any]]] = {
    "Foldline-Trace": _text("The trace id; it finds the request in the logs.", required=True),
    freshness.POSITION_HEADER: _text(
        "Where in the log the events of this command stand: `<partition>-<offset>`, "
        "a list where there are several. A browser has it in a cookie too."
    ),
    freshness.STALE_HEADER: {
        "description": "The views had not passed all that the caller has seen, or just did.",
        "schema": {"type": "string", "const": "true"},
    },
    "Cache-Control": _text("Private, and to be asked again."),
    "ETag": _text("The tag of this very answer, for If-None-Match.", required=True),
    "RateLimit": _text("What is left of the budgets, and the seconds until they are whole."),
    "RateLimit-Policy": _text("The budgets: how much in how many seconds."),
    "Retry-After": {
        "description": "Seconds.",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    },
    "WWW-Authenticate": _text("How to say who is asking.", required=True),
}

_OF_PROBLEMS: Final = {
    HTTPStatus.UNAUTHORIZED: "WWW-Authenticate",
    HTTPStatus.TOO_MANY_REQUESTS: "Retry-After",
    HTTPStatus.SERVICE_UNAVAILABLE: "Retry-After",
}
_MEANING: Final = {
    HTTPStatus.BAD_REQUEST: "Malformed or not valid",
    HTTPStatus.UNAUTHORIZED: "It is not known who asks",
    HTTPStatus.FORBIDDEN: "The caller may not do this",
    HTTPStatus.NOT_FOUND: "There is no such thing, or it is gone, or hidden from the caller",
    HTTPStatus.CONFLICT: "It contradicts what is",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is larger than the service takes",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is not of a type that the route takes",
    HTTPStatus.UNPROCESSABLE_ENTITY: "The key was used for another body",
    HTTPStatus.TOO_MANY_REQUESTS: "The budget is used up",
    HTTPStatus.INTERNAL_SERVER_ERROR: "A fault of the service",
    HTTPStatus.SERVICE_UNAVAILABLE: "A part can't answer now; ask again",
    HTTPStatus.GATEWAY_TIMEOUT: "No answer in time; a command may have been taken or not",
}


def name_of(status: HTTPStatus) -> str:
    """The name of a problem among the components."""
    return status.name.title().replace("_", "")


def problem_response(status: HTTPStatus) -> dict[str, Any]:
    """The answer of a refused or failed request."""
    headers = ["Foldline-Trace", *filter(None, [_OF_PROBLEMS.get(status)])]
    return {
        "description": _MEANING[status],
        "headers": _refer(headers),
        "content": {
            CONTENT_TYPE: {
                "schema": reference(Problem),
                "example": {
                    "type": f"urn:foldline:problem:{status.phrase.lower().replace(' ', '-')}",
                    "title": status.phrase,
                    "status": int(status),
                    "detail": _MEANING[status],
                    "instance": "/api/v1/tweets",
                    "errors": [],
                    "trace_id": "0af7651916cd43dd8448eb211c80319c",
                },
            }
        },
    }


def headers_of(route: Route, *, views: bool) -> dict[str, Any]:
    """The headers of what is not refused. `views`: the answer is of the views, or changes them."""
    names = ["Foldline-Trace", "Cache-Control"]
    if views:
        names.append(freshness.STALE_HEADER)
    if views and route.method != "GET":
        names.append(freshness.POSITION_HEADER)
    if route.etag:
        names.append("ETag")
    if route.budget is not None:
        names += ["RateLimit", "RateLimit-Policy"]
    return _refer(names)


def _refer(names: list[str]) -> dict[str, Any]:
    return {name: {"$ref": _REF + name} for name in names}
