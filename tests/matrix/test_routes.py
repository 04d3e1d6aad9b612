"""Every route, and what it answers to everybody."""

from typing import Any, Final

import pytest

from app.admin.routes import ROUTES as OPERATION
from foldline.web.routes import Access, Route
from ingest.routes import ROUTES as INGEST
from ingest.routes import routes as commands_served
from query.routes import ROUTES as QUERY
from tests.flow.client import Reply
from tests.flow.worlds import World
from tests.matrix.cast import ROLES, Cast
from tests.matrix.rows import ROWS

ROUTES: Final[dict[str, Route]] = {
    f"{route.method} {route.path}": route for route in (*INGEST, *QUERY, *OPERATION)
}
UNAUTHENTICATED: Final = 401
NOT_FOUND: Final = 404


def test_every_route_has_a_row_and_every_row_a_route(installation: World) -> None:
    assert {(route.method, route.path) for route in ROUTES.values()} == set(ROWS)
    served = {(route.method, route.path) for route in commands_served(installation.commands)}
    assert served | {(route.method, route.path) for route in (*QUERY, *OPERATION)} == set(ROWS)


def test_rows_agree_with_the_table_on_who_may_ask() -> None:
    for route in ROUTES.values():
        strangers = ROWS[route.method, route.path].of("stranger")
        if route.access is not Access.ANYONE:
            assert strangers == (UNAUTHENTICATED,), route.path
        assert (route.access is Access.ADMIN) == route.path.startswith("/admin/"), route.path


async def asked(cast: Cast, route: Route, base: str, headers: Any) -> Reply:
    row = ROWS[route.method, route.path]
    more: dict[str, Any] = {} if row.body is None else {"json": row.body(cast)}
    if row.query is not None:
        more["params"] = row.query(cast)
    return await cast.client.ask(
        route.method, base + cast.path(route.path), headers=headers, **more
    )


def base_of(cast: Cast, route: Route) -> str:
    return cast.client.admin if route.access is Access.ADMIN else cast.url


@pytest.mark.parametrize("route", ROUTES.values(), ids=ROUTES.keys())
async def test_a_route_answers_each_role_as_its_row_says(cast: Cast, route: Route) -> None:
    row, wrong = ROWS[route.method, route.path], {}
    for role in ROLES:
        reply = await asked(cast, route, base_of(cast, route), cast.headers(role))
        if reply.status not in row.of(role):
            wrong[role] = (reply.status, row.of(role), reply.body)
    assert wrong == {}


@pytest.mark.parametrize("route", ROUTES.values(), ids=ROUTES.keys())
async def test_a_route_believes_no_lie(witnesses: Cast, route: Route) -> None:
    cast = witnesses
    before = await cast.world.profile.log.ends()
    answers = {}
    for lie, headers in cast.lies().items():
        reply = await asked(cast, route, base_of(cast, route), headers)
        answers[lie] = reply.status
        if reply.status == UNAUTHENTICATED:
            assert "WWW-Authenticate" in reply.headers
    assert answers == dict.fromkeys(answers, UNAUTHENTICATED)
    assert await cast.world.profile.log.ends() == before


async def test_orders_are_not_to_be_had_on_the_public_port(cast: Cast) -> None:
    orders = [route for route in ROUTES.values() if route.access is Access.ADMIN]
    assert len(orders) >= 3
    for route in orders:
        for role in ROLES:
            reply = await asked(cast, route, cast.url, cast.headers(role))
            assert reply.status == NOT_FOUND, (route.path, role)


async def test_nothing_but_orders_is_to_be_had_on_the_admins_port(cast: Cast) -> None:
    for route in ROUTES.values():
        if route.access is not Access.ADMIN:
            reply = await asked(cast, route, cast.client.admin, cast.headers("admin"))
            assert reply.status == NOT_FOUND, route.path


async def test_a_name_in_a_header_is_not_believed(cast: Cast) -> None:
    headers = {"X-User-ID": str(cast.owner), "X-User-Role": "admin"}
    for path, base in (
        ("/api/v1/timeline", cast.url),
        (f"/admin/v1/users/{cast.other}/suspend", cast.client.admin),
    ):
        method = "POST" if path.startswith("/admin/") else "GET"
        reply = await cast.client.ask(method, base + path, headers=headers)
        assert reply.status == UNAUTHENTICATED
