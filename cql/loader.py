"""Reads the CQL files: named statements, and scripts of several statements."""

import re
from importlib import resources
from typing import Final, NamedTuple

MIGRATIONS: Final = ("migrations",)
CONTROL: Final = ("control",)
VIEWS: Final = ("accounts", "engagement", "tweets", "follows", "timelines", "progress")

_HEAD: Final = re.compile(r"^-- name: (\w+)\n-- (.+)\n", re.MULTILINE)
_END: Final = re.compile(r";$", re.MULTILINE)
_COMMENT: Final = re.compile(r"^--.*$", re.MULTILINE)


class Statement(NamedTuple):
    """A statement with `?` for its parameters, and what it does."""

    text: str
    description: str


class Script(NamedTuple):
    """A file of statements, each ended by a semicolon at a line's end. `source`: the whole text."""

    name: str
    source: str
    statements: tuple[str, ...]


def statements(groups: tuple[str, ...]) -> dict[str, Statement]:
    """The named statements of some files of `cql/statements`."""
    found: dict[str, Statement] = {}
    for group in groups:
        text = (resources.files("cql") / "statements" / f"{group}.cql").read_text()
        _, *parts = _HEAD.split(text)
        for name, description, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
            if name in found:
                raise ValueError(f"two statements are named {name}")
            found[name] = Statement(" ".join(body.split()), description)
    return found


def migrations(folder: str) -> list[Script]:
    """The numbered scripts of `cql/<folder>`, in order."""
    files = (resources.files("cql") / folder).iterdir()
    names = sorted(file.name for file in files if file.name.endswith(".cql"))
    return [script(folder, name) for name in names]


def script(*path: str) -> Script:
    """One file of statements."""
    source = resources.files("cql").joinpath(*path).read_text()
    parts = (part.strip() for part in _END.split(_COMMENT.sub("", source)))
    return Script("/".join(path), source, tuple(part for part in parts if part))
