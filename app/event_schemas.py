"""JSON Schemas of the events' payloads, as `docs/events/` holds them.

`python -m app.event_schemas` writes those of the current versions; older ones stay as they are.
"""

import json
from pathlib import Path
from typing import Any

import msgspec

from foldline.core.events import EVENTS

FOLDER = Path(__file__).parents[1] / "docs" / "events"


def schemas() -> dict[str, dict[str, Any]]:
    """`<Type>.v<version>` → the schema of the payload that this code writes."""
    return {
        f"{name}.v{kind.VERSION}": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **msgspec.json.schema(kind),
        }
        for name, kind in EVENTS.items()
    }


if __name__ == "__main__":
    for stem, schema in schemas().items():
        (FOLDER / f"{stem}.json").write_text(json.dumps(schema, indent=2) + "\n")
