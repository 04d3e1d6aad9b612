"""The checked-in schemas are those of the code, for every version that there ever was."""

import json

from app.event_schemas import FOLDER, schemas
from foldline.core.events import EVENTS


def test_the_schemas_of_current_versions_are_current() -> None:
    checked_in = {stem: json.loads((FOLDER / f"{stem}.json").read_text()) for stem in schemas()}
    assert checked_in == schemas()


def test_every_version_has_its_schema_and_nothing_else_has() -> None:
    known = {f"{n}.v{v}" for n, kind in EVENTS.items() for v in range(1, kind.VERSION + 1)}
    assert {path.stem for path in FOLDER.glob("*.json")} == known
