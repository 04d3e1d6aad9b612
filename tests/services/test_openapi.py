"""The routes, the OpenAPI document and what is served agree."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import jsonschema_rs
import orjson
import pytest
from aiohttp import web
from openapi_spec_validator import validate

from app import embedded
from app.documents import ROUTES
from app.installation import Installation
from foldline import errors
from foldline.web.openapi import openapi, operation_id, refusals
from foldline.web.problems import STATUS
from foldline.web.routes import Access, Route
from foldline.web.server import Listening
from tests.conftest import WorldSettings

PUBLIC = [route for route in ROUTES if route.access is not Access.ADMIN]
FOR_ADMINS = [route for route in ROUTES if route.access is Access.ADMIN]
OF_OPERATION = {"/livez", "/readyz", "/metrics"}
OF_DOCUMENTS = {"/openapi.json", "/docs", "/docs/style.css", "/docs/script.js"}

Operation = dict[str, Any]


@pytest.fixture(scope="module")
async def installation(module_settings: WorldSettings) -> AsyncIterator[Installation]:
    async with embedded.running(module_settings("embedded")) as running:
        yield running


async def ask(url: str, method: str = "GET", **headers: str) -> tuple[int, Any, bytes]:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, headers=headers) as response,
    ):
        return response.status, response.headers, await response.read()


def operations(document: dict[str, Any]) -> dict[tuple[str, str], Operation]:
    return {
        (method.upper(), path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


def served(listening: Listening) -> set[tuple[str, str]]:
    """What the application of a port routes, but for its documents and what operators ask."""
    app = listening.runner.app
    assert app is not None
    return {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if isinstance(route.resource, web.Resource)
        and route.resource.canonical not in OF_OPERATION | OF_DOCUMENTS
        and route.method != "HEAD"
    }


def row(**fields: Any) -> Route:
    async def handle(_: object) -> Any:
        raise NotImplementedError

    return Route(
        **({"method": "GET", "path": "/api/v1/things", "summary": "Things"} | fields), handle=handle
    )


@pytest.mark.parametrize("trusted_header", [False, True])
@pytest.mark.parametrize("routes", [PUBLIC, FOR_ADMINS, ROUTES], ids=["public", "admin", "all"])
def test_the_document_is_valid(routes: list[Route], trusted_header: bool) -> None:
    validate(openapi(routes, trusted_header=trusted_header))


async def test_each_port_tells_of_what_it_serves_and_of_nothing_else(
    installation: Installation,
) -> None:
    assert installation.http.admin is not None
    for listening, rows in ((installation.http, PUBLIC), (installation.http.admin, FOR_ADMINS)):
        _, headers, body = await ask(f"{listening.url}/openapi.json")
        assert headers["Content-Type"] == "application/json"
        document = orjson.loads(body)
        assert document == openapi(rows, trusted_header=True)
        told = operations(document)
        assert set(told) == served(listening) == {(each.method, each.path) for each in rows}


@pytest.mark.parametrize("path", sorted(OF_DOCUMENTS))
async def test_a_document_is_sent_to_those_who_dont_have_it(
    installation: Installation, path: str
) -> None:
    url = installation.http.url + path
    status, headers, body = await ask(url)
    assert status == 200 and body
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    for known in (headers["ETag"], f'"other", W/{headers["ETag"]}', "*"):
        status, again, nothing = await ask(url, **{"If-None-Match": known})
        assert (status, nothing, again["ETag"]) == (304, b"", headers["ETag"])
    status, _, whole = await ask(url, **{"If-None-Match": '"other"'})
    assert (status, whole) == (200, body)


async def test_all_that_the_page_loads_is_served(installation: Installation) -> None:
    _, _, page = await ask(f"{installation.http.url}/docs")
    for name in ("docs/style.css", "docs/script.js", "openapi.json"):
        assert f'"{name}"'.encode() in page
        assert (await ask(f"{installation.http.url}/{name}"))[0] == 200


def test_operations_have_names_of_their_own() -> None:
    ids = [operation_id(route) for route in ROUTES]
    assert len(set(ids)) == len(ids)
    assert {"get_users", "get_user", "get_user_followers", "delete_tweet_like"} <= set(ids)
    with pytest.raises(ValueError, match="get_thing"):
        openapi([row(path="/api/v1/thing"), row(path="/api/v1/things/{thing_id}")])


@pytest.mark.parametrize(("kind", "status"), STATUS, ids=lambda each: getattr(each, "__name__", ""))
def test_what_a_row_refuses_is_told_by_the_table_of_problems(
    kind: type[errors.FoldlineError], status: int
) -> None:
    assert status in refusals(row(refuses=(kind,)))
    narrower = type("NarrowerError", (kind,), {})
    assert status in refusals(row(refuses=(narrower,)))


def test_refusals_follow_from_the_other_fields_of_a_row() -> None:
    plain = set(refusals(row()))
    assert plain == {400, 401, 500, 503, 504}
    body = next(route.takes for route in ROUTES if route.takes)
    assert set(refusals(row(takes=body))) - plain == {413, 415}
    assert set(refusals(row(path="/api/v1/things/{thing_id}"))) - plain == {404}
    assert set(refusals(row(budget="reads"))) - plain == {429}
    assert set(refusals(row(access=Access.ADMIN))) - plain == {403}
    assert set(refusals(row(access=Access.USER))) - plain == set()
    assert set(refusals(row(access=Access.USER, method="POST"))) - plain == {403}


@pytest.mark.parametrize("route", ROUTES, ids=operation_id)
def test_an_operation_says_what_its_row_says(route: Route) -> None:
    operation = operations(openapi(ROUTES))[route.method, route.path]
    good = operation["responses"][str(route.status)]
    assert ("content" in good) == (route.gives is not None)
    assert ("requestBody" in operation) == (route.takes is not None)
    assert operation.get("requestBody", {}).get("required", False) == (
        route.takes is not None and not route.bare
    )
    assert ({} in operation["security"]) == (route.access is Access.ANYONE)
    assert ("RateLimit" in good["headers"]) == (route.budget is not None)
    assert ("304" in operation["responses"]) == ("ETag" in good["headers"]) == route.etag
    statuses = {int(status) for status in operation["responses"]}
    assert statuses == {route.status, *refusals(route), *([304] if route.etag else [])}
    asked = {each["name"] for each in operation["parameters"] if each["in"] == "query"}
    assert asked == set(route.query.model_fields if route.query else ())
    keyed = errors.KeyReusedError in route.refuses
    assert ("Idempotency-Key" in {each["name"] for each in operation["parameters"]}) == keyed


def test_examples_are_examples_of_their_schemas() -> None:
    document = openapi(ROUTES)
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        for example in schema.get("examples", ()):
            resolved = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}
            jsonschema_rs.validate(resolved, example)
    assert len(schemas["TweetOut"]["examples"]) == 1
    assert schemas["TweetIn"]["examples"] == [{"text": "Hello, timeline"}]


def test_ids_and_cursors_are_strings() -> None:
    document = openapi(ROUTES)
    body = document["components"]["schemas"]["TweetIn"]["properties"]["reply_to_tweet_id"]
    assert {each["type"] for each in body["anyOf"]} == {"string", "null"}
    asked = operations(document)["GET", "/api/v1/timeline"]["parameters"]
    schemas = {each["name"]: each["schema"] for each in asked}
    assert schemas["cursor"]["type"] == schemas["user_id"]["type"] == "string"
    assert schemas["direction"]["enum"] == ["older", "newer"]
