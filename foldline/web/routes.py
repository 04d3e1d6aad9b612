"""The route table, and how a row of it becomes an aiohttp route."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final

from aiohttp import hdrs, web
from pydantic import BaseModel, ValidationError
from yarl import URL

from foldline.errors import (
    FoldlineError,
    ForbiddenError,
    InvalidError,
    UnauthenticatedError,
    UnsupportedMediaError,
)
from foldline.web import freshness
from foldline.web.addresses import address_of
from foldline.web.budgets import LEFT, check
from foldline.web.call import Answer, Call
from foldline.web.identity import Identify
from foldline.web.limiting import Budget, Limiter
from foldline.web.problems import invalid_of
from foldline.web.tokens import Identity

IDEMPOTENCY_HEADER: Final = "Idempotency-Key"
IDEMPOTENCY_KEY_MAX: Final = 128
_PRIVATE: Final = {hdrs.CACHE_CONTROL: "private, no-cache"}
_JSON: Final = _PRIVATE | {hdrs.CONTENT_TYPE: "application/json"}
_QUERIES_MAX: Final = 1_024  # of each route


class Access(Enum):
    """Who may ask."""

    ANYONE = "anyone"
    USER = "user"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Route:
    """A row of the table: what is asked, what it is validated against, and who answers.

    `handle` takes what its service works with and a `Call` (once served, the `Call` alone), and
    gives an `Answer`; `gives` is the model of the answer's body. `refuses`: the errors of our own
    that the route may answer with, beside those that follow from its other fields. `bare`: a
    request without any body is valid too, and its `Call` has None.
    """

    method: str
    path: str
    handle: Callable[..., Awaitable[Answer]]
    summary: str
    takes: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    gives: type[BaseModel] | None = None
    status: int = 200
    access: Access = Access.ANYONE
    refuses: tuple[type[FoldlineError], ...] = ()
    budget: Budget | None = None
    etag: bool = False
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Gatekeeper:
    """Who asks, and whether they may ask for more. `partitions`: positions are checked against
    the log's."""

    identify: Identify
    limiter: Limiter
    partitions: int
    trusted_proxies: bool = False

    async def admit(self, request: web.Request, route: Route) -> Identity | None:
        """Who asks, if that is known; raises what refuses the request."""
        identity = self.identify(request)
        if route.access is not Access.ANYONE and identity is None:
            raise UnauthenticatedError("say who you are: send an access token")
        if route.access is Access.ADMIN and identity is not None and identity.role != "admin":
            raise ForbiddenError("this is for administrators")
        if route.budget is not None and self.limiter.on:
            request[LEFT] = await self.limiter.take(
                route.budget,
                identity.user_id if identity else None,
                address_of(request, trusted_proxies=self.trusted_proxies),
                verified=identity is not None and identity.verified,
            )
            check(request[LEFT])
        return identity

    async def close(self, _: web.Application) -> None:
        """What ends with the service."""
        await self.limiter.close()


def add_routes(app: web.Application, routes: Sequence[Route], gate: Gatekeeper) -> None:
    """Serve `routes` in `app`."""
    for route in routes:
        app.router.add_route(route.method, route.path, _handler(route, gate))


def _handler(
    route: Route, gate: Gatekeeper
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    partitions = gate.partitions
    query = _query(route.query)

    async def handle(request: web.Request) -> web.StreamResponse:
        identity = await gate.admit(request, route)
        call = Call(
            viewer=None if identity is None else identity.user_id,
            path=request.match_info,
            body=await _body(request, route),
            query=query(request),
            after=freshness.wanted(request, partitions),
            idempotency_key=_idempotency_key(request),
        )
        answer = await route.handle(call)
        response = _response(answer)
        if route.etag and _matches(request, response):
            response = web.Response(status=304, headers=response.headers)
            del response.headers[hdrs.CONTENT_TYPE]
        if answer.positions:
            freshness.put_positions(request, response, answer.positions, partitions)
        return response

    return handle


def _matches(request: web.Request, response: web.Response) -> bool:
    """Give the response a tag, and tell whether the caller has it already."""
    body = response.body
    assert isinstance(body, bytes)
    tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    response.headers[hdrs.ETAG] = tag
    known = request.headers.get(hdrs.IF_NONE_MATCH, "")
    return known.strip() == "*" or tag in (each.strip() for each in known.split(","))


def _response(answer: Answer) -> web.Response:
    if answer.body is None:
        response = web.Response(status=answer.status, headers=_PRIVATE)
    else:
        body = answer.body
        response = web.Response(
            body=body if isinstance(body, bytes) else body.model_dump_json().encode(),
            status=answer.status,
            headers=_JSON,
        )
    if answer.stale:
        response.headers[freshness.STALE_HEADER] = "true"
    return response


async def _body(request: web.Request, route: Route) -> BaseModel | None:
    model = route.takes
    if model is None or (route.bare and not request.body_exists):
        return None
    if request.content_type != "application/json":
        raise UnsupportedMediaError("send the body as application/json")
    try:
        raw = await request.read()
    except web.RequestPayloadError as error:
        raise InvalidError("the body is not what its headers say") from error
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise invalid_of(error, "body") from error


def _query(model: type[BaseModel] | None) -> Callable[[web.Request], BaseModel | None]:
    """What reads the query of a request. Most are like others before, and so are known."""
    if model is None:
        return lambda _: None

    @lru_cache(_QUERIES_MAX)
    def read(text: str) -> BaseModel:
        try:
            return model.model_validate(dict(URL.build(query_string=text, encoded=True).query))
        except ValidationError as error:
            raise invalid_of(error, "query") from error

    return lambda request: read(request.rel_url.raw_query_string)


def _idempotency_key(request: web.Request) -> str | None:
    key = request.headers.get(IDEMPOTENCY_HEADER)
    if key is not None and not (1 <= len(key) <= IDEMPOTENCY_KEY_MAX and key.isprintable()):
        raise InvalidError(
            f"{IDEMPOTENCY_HEADER} must have 1-{IDEMPOTENCY_KEY_MAX} printable characters"
        )
    return key
