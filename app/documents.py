"""Pages and schemas that follow from the code, as `docs/` holds them: `foldline docs`."""

import json
from pathlib import Path
from typing import Any, Final

from app.admin.routes import ROUTES as OPERATION
from app.api_page import api_page
from app.event_documents import asyncapi, event_schemas
from foldline.web.routes import Route
from ingest.routes import ROUTES as COMMANDS
from query.routes import ROUTES as READS

DOCS: Final = Path(__file__).parents[1] / "docs"
ROUTES: Final[tuple[Route, ...]] = (*COMMANDS, *READS, *OPERATION)
"""All that any service answers, beside what an operator asks of each."""


def documents() -> dict[Path, str]:
    """File in `docs/` → what it must hold."""
    schemas = {
        Path("events", f"{stem}.json"): _json(schema) for stem, schema in event_schemas().items()
    }
    return {
        Path("api.md"): api_page(ROUTES),
        Path("asyncapi.json"): _json(asyncapi()),
        **schemas,
    }


def write(folder: Path = DOCS) -> list[Path]:
    """Write what is not current, and only that. The files that were written."""
    stale = {
        folder / name: text
        for name, text in documents().items()
        if not (folder / name).is_file() or (folder / name).read_text() != text
    }
    for path, text in stale.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return list(stale)


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2) + "\n"
