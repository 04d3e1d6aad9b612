"""The rules that every statement keeps, read from the CQL itself."""

import re
from pathlib import Path
from typing import get_args

import pytest

from cql.loader import CONTROL, MIGRATIONS, VIEWS, migrations, script, statements
from foldline.core.effects import Effect
from foldline.views.cassandra_rows import _WRITES

ROOT = Path(__file__).parent.parent.parent
FILES = {path.stem: path.read_text() for path in (ROOT / "cql" / "statements").glob("*.cql")}
VIEW_STATEMENTS = {name: found.text for name, found in statements(VIEWS).items()}
LWT_STATEMENTS = {name: found.text for name, found in statements(CONTROL + MIGRATIONS).items()}
ALL_STATEMENTS = VIEW_STATEMENTS | LWT_STATEMENTS
SCHEMA = [script("bootstrap.cql"), *migrations("control"), *migrations("views")]
DEFINITIONS = {text: file.name for file in SCHEMA for text in file.statements}

every_definition = pytest.mark.parametrize("text", DEFINITIONS, ids=range(len(DEFINITIONS)))


def writes(found: dict[str, str]) -> list[str]:
    return [name for name, text in found.items() if not text.startswith("SELECT ")]


def test_every_file_is_read_by_exactly_one_reader() -> None:
    assert sorted(VIEWS + CONTROL + MIGRATIONS) == sorted(FILES)


@pytest.mark.parametrize("group", FILES)
def test_every_statement_has_a_name_and_a_description(group: str) -> None:
    code = re.sub(r"^--.*$", "", FILES[group], flags=re.MULTILINE)
    verbs = re.findall(r"^(?:SELECT|INSERT|UPDATE|DELETE)\b", code, flags=re.MULTILINE)
    assert len(statements((group,))) == len(verbs) > 0


@pytest.mark.parametrize("name", writes(VIEW_STATEMENTS))
def test_every_view_write_carries_one_stamp_and_no_condition(name: str) -> None:
    text = VIEW_STATEMENTS[name]
    assert text.count("USING TIMESTAMP ?") == 1
    assert not re.search(r"\bIF\b|\bTTL\b", text)


@pytest.mark.parametrize("name", writes(LWT_STATEMENTS))
def test_every_control_write_is_an_lwt(name: str) -> None:
    text = LWT_STATEMENTS[name]
    assert re.search(r"\bIF\b", text)
    assert "TIMESTAMP" not in text


@pytest.mark.parametrize("name", ALL_STATEMENTS)
def test_no_statement_reads_or_writes_blindly(name: str) -> None:
    text = ALL_STATEMENTS[name].upper()
    for banned in ("*", "ALLOW FILTERING", "BATCH", "TRUNCATE", "%S"):
        assert banned not in text
    assert "NULL" not in re.split(r"\bIF\b", text)[0]


@pytest.mark.parametrize("name", ALL_STATEMENTS)
def test_every_statement_is_used(name: str) -> None:
    sources = [*ROOT.glob("foldline/**/*cassandra*.py"), *ROOT.glob("cql/*.py")]
    assert any(f'"{name}"' in path.read_text() for path in sources)


@every_definition
def test_every_definition_can_be_repeated(text: str) -> None:
    assert re.match(r"CREATE TABLE IF NOT EXISTS |ALTER TABLE \w+ ADD IF NOT EXISTS ", text)


@every_definition
def test_no_counters_and_no_time_windows(text: str) -> None:
    assert not re.search(r"\bcounter\b|TimeWindow|default_time_to_live", text)


@pytest.mark.parametrize("folder", ["control", "views"])
def test_migrations_are_numbered_without_a_gap(folder: str) -> None:
    names = [file.name for file in migrations(folder)]
    assert [int(name.split("/")[1][:4]) for name in names] == list(range(1, len(names) + 1))


def test_every_effect_is_written() -> None:
    assert set(_WRITES) == set(get_args(Effect))
