"""The OpenAPI document of some routes: all of it follows from their rows."""

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any, Final

from foldline.errors import FoldlineError
from foldline.web.freshness import AFTER_HEADER
from foldline.web.identity import ROLE_HEADER, USER_HEADER
from foldline.web.openapi_answers import HEADERS, headers_of, name_of, problem_response
from foldline.web.openapi_models import Schema, query_parameters, reference, schemas_of
from foldline.web.problems import STATUS
from foldline.web.routes import IDEMPOTENCY_HEADER, IDEMPOTENCY_KEY_MAX, Access, Route
from foldline.web.schemas import ID_SCHEMA

VERSION: Final = "1.0.0"
OF_ANY: Final = (  # a header that is none, a token that is none, a fault, overload, a time-out
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)
OF_BODIES: Final = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
_IN_PATH: Final = re.compile(r"\{(\w+)\}")
_TAGS: Final = {"tweet": "tweets", "follow": "users"}  # the short names of two routes
_POSITIONS: Final = r"^([0-9]{1,5}-[0-9]{1,13}(, *[0-9]{1,5}-[0-9]{1,13}){0,63})?$"


def openapi(routes: Sequence[Route], *, trusted_header: bool = False) -> dict[str, Any]:
    """The document of `routes`, in their order. `trusted_header`: the service takes a gateway's
    word for who is asking, beside access tokens."""
    ids = [operation_id(route) for route in routes]
    if len(set(ids)) < len(ids):
        raise ValueError(f"two routes under one operationId: {sorted(ids)}")
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        operation = _operation(route, routes, trusted_header=trusted_header)
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    statuses = sorted({status for route in routes for status in refusals(route)})
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Foldline",
            "summary": "Home timelines as a fold of a durable log",
            "description": _DESCRIPTION,
            "version": VERSION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(map(tag_of, routes))],
        "paths": paths,
        "components": {
            "schemas": schemas_of(routes),
            "responses": {name_of(status): problem_response(status) for status in statuses},
            "headers": HEADERS,
            "securitySchemes": _schemes(trusted_header=trusted_header),
        },
    }


_DESCRIPTION: Final = """\
Ids are strings of decimal digits, times RFC 3339 in UTC. Fields that are not named are refused.

A command answers when the log has its events on disk, with their places in `Foldline-Position`. A
read that brings such places in `Foldline-After` waits, not for long, until the views have passed
them; `Foldline-Stale: true` says that they have not yet. 503 and 504 leave open whether a command
was taken: repeat it, a post under the same `Idempotency-Key`.
"""


def refusals(route: Route) -> list[HTTPStatus]:
    """The statuses of the problems that a row may answer with."""
    found = {*OF_ANY, *map(_status, route.refuses)}
    if route.takes is not None:
        found |= set(OF_BODIES)
    if any(name.endswith("_id") for name in _IN_PATH.findall(route.path)):
        found.add(HTTPStatus.NOT_FOUND)
    if route.access is Access.ADMIN or (route.access is Access.USER and route.method != "GET"):
        found.add(HTTPStatus.FORBIDDEN)  # no administrator; suspended
    if route.budget is not None:
        found.add(HTTPStatus.TOO_MANY_REQUESTS)
    return sorted(found)


def tag_of(route: Route) -> str:
    """The group that a route is shown in."""
    area, _, noun = route.path.strip("/").split("/")[:3]
    return "admin" if area == "admin" else _TAGS.get(noun, noun)


def operation_id(route: Route) -> str:
    """A name for the route, from its method and path: `get_user_followers`."""
    words = [route.method.lower()]
    for part in route.path.strip("/").split("/")[2:]:
        if _IN_PATH.fullmatch(part):
            words[-1] = words[-1].removesuffix("s")  # one of them
        else:
            words.append(part.replace("-", "_"))
    return "_".join(words)


def _status(kind: type[FoldlineError]) -> HTTPStatus:
    return next(status for known, status in STATUS if issubclass(kind, known))


def _operation(route: Route, routes: Sequence[Route], *, trusted_header: bool) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": operation_id(route),
        "summary": route.summary,
        "tags": [tag_of(route)],
        "security": _security(route.access, trusted_header=trusted_header),
        "parameters": list(_parameters(route)),
    }
    if route.takes is not None:
        operation["requestBody"] = {
            "required": not route.bare,
            "content": {"application/json": {"schema": reference(route.takes)}},
        }
    operation["responses"] = _responses(route, routes)
    return operation


def _parameters(route: Route) -> Iterable[Schema]:
    for name in _IN_PATH.findall(route.path):
        schema = ID_SCHEMA if name.endswith("_id") else {"type": "string", "minLength": 1}
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    if route.query is not None:
        yield from query_parameters(route.query)
    if HTTPStatus.UNPROCESSABLE_ENTITY in refusals(route):
        key = {"type": "string", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_MAX}
        yield _header(IDEMPOTENCY_HEADER, "A repeat under one key answers the first answer.", key)
    if route.method == "GET":
        words = "Positions that the answer must have passed."
        yield _header(AFTER_HEADER, words, {"type": "string", "pattern": _POSITIONS})
    if route.etag:
        yield _header("If-None-Match", "Tags that the caller has.", {"type": "string"})


def _header(name: str, description: str, schema: Schema) -> Schema:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": schema,
    }


def _responses(route: Route, routes: Sequence[Route]) -> dict[str, Any]:
    status = HTTPStatus(route.status)
    headers = headers_of(route, views=tag_of(route) != "auth")  # tokens are no events
    good: dict[str, Any] = {"description": status.phrase, "headers": headers}
    if route.gives is not None:
        good["content"] = {"application/json": {"schema": reference(route.gives)}}
    if links := _links(route, routes):
        good["links"] = links
    responses: dict[str, Any] = {str(int(status)): good}
    if route.etag:
        known = {"description": "The caller has it as it is", "headers": headers}
        responses[str(int(HTTPStatus.NOT_MODIFIED))] = known
    for refusal in refusals(route):
        responses[str(int(refusal))] = {"$ref": f"#/components/responses/{name_of(refusal)}"}
    return responses


def _links(route: Route, routes: Sequence[Route]) -> dict[str, Any]:
    """What can be done with what was made: its id, first in the answer, is in those paths."""
    if route.status != HTTPStatus.CREATED or route.gives is None:
        return {}
    made = next(iter(route.gives.model_fields))
    return {
        operation_id(other): {
            "operationId": operation_id(other),
            "parameters": {made: f"$response.body#/{made}"},
        }
        for other in routes
        if made in _IN_PATH.findall(other.path)
    }


def _security(access: Access, *, trusted_header: bool) -> list[dict[str, list[str]]]:
    ways: list[dict[str, list[str]]] = [{"token": []}]
    if trusted_header:
        ways.append({"user": [], "role": []} if access is Access.ADMIN else {"user": []})
    return [*ways, {}] if access is Access.ANYONE else ways


def _schemes(*, trusted_header: bool) -> dict[str, Schema]:
    schemes: dict[str, Schema] = {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An access token, of `/api/v1/auth/login`.",
        }
    }
    if trusted_header:
        words = "Set by a gateway that the service trusts."
        for name, header in (("user", USER_HEADER), ("role", ROLE_HEADER)):
            schemes[name] = {"type": "apiKey", "in": "header", "name": header, "description": words}
    return schemes
