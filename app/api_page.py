"""`docs/api.md`: the route table as people read it."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from foldline.web.openapi import OF_ANY, OF_BODIES, refusals
from foldline.web.routes import Access, Route

_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_WHO: Final = {Access.ANYONE: "anyone", Access.USER: "a user", Access.ADMIN: "an admin"}
_HEAD: Final = """\
# The HTTP API

Made by `foldline docs` from the route table. A running service has the whole of it at
`/openapi.json`, and as a page at `/docs`. Routes of administrators listen on a port of their own.

Every route may also answer {of_any}; one that takes a body {of_bodies}.
Errors are problem+json (RFC 9457). What the headers mean: [glossary](glossary.md), *position*.

| route | what | who | takes | answers |
|---|---|---|---|---|
"""


def api_page(routes: Sequence[Route]) -> str:
    """The page: a line for each route, those of administrators last."""
    rows = sorted(routes, key=_place)
    head = _HEAD.format(of_any=_numbers(OF_ANY), of_bodies=_numbers(OF_BODIES))
    return head + "".join(map(_line, rows))


def _place(route: Route) -> tuple[bool, str, int]:
    return route.access is Access.ADMIN, route.path, _METHODS.index(route.method)


def _line(route: Route) -> str:
    takes = [model.__name__ for model in (route.query, route.takes) if model is not None]
    given = [str(route.status), *([route.gives.__name__] if route.gives else [])]
    others = [status for status in refusals(route) if status not in (*OF_ANY, *OF_BODIES)]
    if route.etag:
        others.insert(0, HTTPStatus.NOT_MODIFIED)
    answers = " ".join([*given, *(f"· {_numbers(others)}" for _ in others[:1])])
    cells = (
        f"{route.method} `{route.path}`",
        route.summary,
        _WHO[route.access],
        ", ".join(takes),
        answers,
    )
    return f"| {' | '.join(cells)} |\n"


def _numbers(statuses: Sequence[HTTPStatus]) -> str:
    return ", ".join(str(int(status)) for status in statuses)
