"""What `foldline docs` writes is current, and says of the API and of the log what is so."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from app.documents import DOCS, ROUTES, documents, write
from app.event_documents import asyncapi
from foldline.appends import headers_of
from foldline.core.codec import Codec
from foldline.core.events import EVENTS
from foldline.settings import Settings
from foldline.web.openapi import refusals
from tests.core.test_golden import GOLDEN, golden_bytes
from tests.structure.tree import ROOT, text_of

PAGE = ROOT / "foldline" / "web" / "docs_page"
ANOTHER_PLACE = re.compile(r"(?:https?:)?//\w|@import|url\(")
COMMENT = re.compile(r"^\s*//.*$", re.MULTILINE)


@pytest.mark.parametrize("name", documents(), ids=str)
def test_a_document_is_current(name: Path) -> None:
    assert (DOCS / name).read_text() == documents()[name], "run `foldline docs`"


def test_only_what_is_not_current_is_written(tmp_path: Path) -> None:
    assert {path.relative_to(tmp_path) for path in write(tmp_path)} == set(documents())
    (tmp_path / "api.md").write_text("old")
    assert write(tmp_path) == [tmp_path / "api.md"]
    assert write(tmp_path) == []


def test_the_page_has_each_route_once_with_its_answers() -> None:
    lines = (DOCS / "api.md").read_text().splitlines()
    rows = {line.split(" | ")[0]: line for line in lines if "`/" in line and line[0] == "|"}
    (of_any,) = (line for line in lines if line.startswith("Every route may also answer"))
    assert len(rows) == len(ROUTES)
    for route in ROUTES:
        line = rows[f"| {route.method} `{route.path}`"]
        assert route.summary in line
        told = set(re.findall(r"\d{3}", line.split(" | ")[-1] + of_any))
        assert {str(route.status), *(str(int(status)) for status in refusals(route))} <= told


def test_the_page_of_a_service_is_packaged_whole_and_asks_nothing_elsewhere() -> None:
    data = tomllib.loads(text_of(Path("pyproject.toml")))["tool"]["setuptools"]["package-data"]
    packaged = {path for pattern in data["foldline.web"] for path in PAGE.parent.glob(pattern)}
    assert packaged == set(PAGE.iterdir())
    for path in packaged:
        assert not ANOTHER_PLACE.search(COMMENT.sub("", path.read_text())), path
    assert ANOTHER_PLACE.search("https://example.org") and ANOTHER_PLACE.search('"//example.org"')


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for each in value.values():
            yield from references(each)


def test_every_reference_of_asyncapi_leads_somewhere() -> None:
    document = asyncapi()
    found = set(references(document))
    assert len(found) > 2 * len(EVENTS)
    for reference in found:
        file, _, pointer = reference.partition("#")
        at = json.loads((DOCS / file).read_text()) if file else document
        for key in pointer.strip("/").split("/") if pointer else []:
            at = at[key]
        assert at


def test_asyncapi_has_the_parts_that_its_third_version_asks_for() -> None:
    document = asyncapi()
    assert document["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= document["info"].keys()
    (channel,) = document["channels"].values()
    assert channel["address"] == Settings().topic
    known = {f"{n}.v{v}" for n, kind in EVENTS.items() for v in range(1, kind.VERSION + 1)}
    assert set(channel["messages"]) == set(document["components"]["messages"]) == known
    assert {each["action"] for each in document["operations"].values()} == {"send", "receive"}
    for name, message in document["components"]["messages"].items():
        assert message["name"] == name
        assert message["bindings"]["kafka"]["key"]
        assert message["contentType"] == "application/msgpack"


@pytest.mark.parametrize(("name", "version"), GOLDEN)
def test_a_record_of_the_log_is_as_asyncapi_says(name: str, version: int) -> None:
    message = asyncapi()["components"]["messages"][f"{name}.v{version}"]
    envelope = msgspec.msgpack.decode(golden_bytes()[name, version])
    payload = message["payload"]
    file = DOCS / payload["properties"].pop("data")["$ref"]
    jsonschema_rs.validate(payload, envelope)
    jsonschema_rs.validate(json.loads(file.read_text()), envelope["data"])
    assert envelope.keys() <= payload["properties"].keys() | {"data"}
    if version == EVENTS[name].VERSION:
        written = Codec().decode(golden_bytes()[name, version])
        headers = {key: value.decode() for key, value in headers_of(written, "ingest")}
        jsonschema_rs.validate(message["headers"], headers)
        assert headers.keys() == message["headers"]["properties"].keys()
