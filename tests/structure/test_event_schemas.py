"""The checked-in schemas are those of the code, for every version that there ever was."""

import json

import jsonschema_rs
import msgspec
import pytest

from app.documents import DOCS
from app.event_documents import event_schemas
from foldline.core.events import EVENTS
from tests.core.test_golden import golden_bytes

FOLDER = DOCS / "events"


def test_the_schemas_of_current_versions_are_current() -> None:
    known = event_schemas()
    checked_in = {stem: json.loads((FOLDER / f"{stem}.json").read_text()) for stem in known}
    assert checked_in == known


def test_every_version_has_its_schema_and_nothing_else_has() -> None:
    known = {f"{n}.v{v}" for n, kind in EVENTS.items() for v in range(1, kind.VERSION + 1)}
    assert {path.stem for path in FOLDER.glob("*.json")} == known


@pytest.mark.parametrize(("name", "version"), golden_bytes())
def test_what_was_once_written_has_the_form_of_its_schema(name: str, version: int) -> None:
    schema = json.loads((FOLDER / f"{name}.v{version}.json").read_text())
    data = msgspec.msgpack.decode(golden_bytes()[name, version])["data"]
    jsonschema_rs.validate(schema, data)
    for field in schema["$defs"][name]["required"]:
        lacking = {key: value for key, value in data.items() if key != field}
        assert not jsonschema_rs.is_valid(schema, lacking)


def test_the_schema_of_a_version_that_is_written_no_more_knows_no_later_field() -> None:
    for name in ("TweetPosted", "TweetDeleted"):
        old, new = (
            json.loads((FOLDER / f"{name}.v{version}.json").read_text())["$defs"][name]
            for version in (1, 2)
        )
        later = {"reply_to_author", "retweet_of", "retweet_of_author"}
        assert later <= new["properties"].keys()
        assert not later & old["properties"].keys()
