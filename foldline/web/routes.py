"""The route table, and how a row of it becomes an aiohttp route."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import hdrs, web
from pydantic import BaseModel, ValidationError

from foldline.errors import InvalidError, UnsupportedMediaError
from foldline.web import freshness
from foldline.web.call import Answer, Call
from foldline.web.identity import viewer_of
from foldline.web.problems import invalid_of

IDEMPOTENCY_HEADER: Final = "Idempotency-Key"
IDEMPOTENCY_KEY_MAX: Final = 128


@dataclass(frozen=True, slots=True)
class Route:
    """A row of the table: what is asked, what it is validated against, and who answers.

    `handle` takes what its service works with and a `Call` (once served, the `Call` alone), and
    gives an `Answer`; `gives` is the model of the answer's body.
    """

    method: str
    path: str
    handle: Callable[..., Awaitable[Answer]]
    summary: str
    takes: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    gives: type[BaseModel] | None = None
    status: int = 200


def add_routes(app: web.Application, routes: Sequence[Route], partitions: int) -> None:
    """Serve `routes` in `app`; positions are checked against the log's `partitions`."""
    for route in routes:
        app.router.add_route(route.method, route.path, _handler(route, partitions))


def _handler(
    route: Route, partitions: int
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        call = Call(
            viewer=viewer_of(request),
            path=dict(request.match_info),
            body=await _body(request, route.takes),
            query=_query(request.query, route.query),
            after=freshness.wanted(request, partitions),
            idempotency_key=_idempotency_key(request),
        )
        answer = await route.handle(call)
        response = _response(answer)
        if answer.positions:
            freshness.put_positions(request, response, answer.positions, partitions)
        return response

    return handle


def _response(answer: Answer) -> web.Response:
    if answer.body is None:
        response = web.Response(status=answer.status)
    else:
        response = web.Response(
            body=answer.body.model_dump_json().encode(),
            status=answer.status,
            content_type="application/json",
        )
    response.headers[hdrs.CACHE_CONTROL] = "private, no-cache"
    if answer.stale:
        response.headers[freshness.STALE_HEADER] = "true"
    return response


async def _body(request: web.Request, model: type[BaseModel] | None) -> BaseModel | None:
    if model is None:
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


def _query(found: Mapping[str, str], model: type[BaseModel] | None) -> BaseModel | None:
    if model is None:
        return None
    try:
        return model.model_validate(dict(found))
    except ValidationError as error:
        raise invalid_of(error, "query") from error


def _idempotency_key(request: web.Request) -> str | None:
    key = request.headers.get(IDEMPOTENCY_HEADER)
    if key is not None and not (1 <= len(key) <= IDEMPOTENCY_KEY_MAX and key.isprintable()):
        raise InvalidError(
            f"{IDEMPOTENCY_HEADER} must have 1-{IDEMPOTENCY_KEY_MAX} printable characters"
        )
    return key
