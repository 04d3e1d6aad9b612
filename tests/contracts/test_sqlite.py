"""The database file under the embedded adapters: what fails, how, and what is left of it."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator

import pytest

from foldline.errors import AppendUnknownError, LogUnavailableError
from foldline.settings import Settings
from foldline.sqlite import ROWS_PER_STATEMENT, Database, Owner, answer, write_rows
from tests.conftest import WorldSettings

SCHEMA = """
CREATE TABLE IF NOT EXISTS parents (id INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS rows (
    id INTEGER PRIMARY KEY REFERENCES parents DEFERRABLE INITIALLY DEFERRED, text TEXT
);
"""
OWNER = Owner("FULL", LogUnavailableError, AppendUnknownError, busy_timeout_s=0.2, queue_max=3)
INSERT = "INSERT INTO rows (id, text) VALUES (?, ?)"


@pytest.fixture
def settings(world_settings: WorldSettings) -> Settings:
    return world_settings("embedded")


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    opened = await Database.open(settings.data_dir / "d.sqlite", [SCHEMA], OWNER, settings)
    yield opened
    await opened.close()


async def ids(database: Database) -> list[int]:
    found: list[int] = await database.read(
        lambda c: answer(c, "SELECT json_group_array(id) FROM rows")
    )
    return found


async def insert(database: Database, number: int) -> None:
    await database.write(lambda c: write_rows(c, INSERT, [(number, "")]))


async def test_a_change_that_fails_leaves_nothing(database: Database) -> None:
    def change(connection: sqlite3.Connection) -> None:
        write_rows(connection, INSERT, [(1, "")])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.write(change)
    await insert(database, 2)
    assert await ids(database) == [2]


async def test_a_defect_stays_what_it_is_and_trouble_is_the_owners(database: Database) -> None:
    await insert(database, 1)
    with pytest.raises(sqlite3.IntegrityError):
        await insert(database, 1)
    with pytest.raises(LogUnavailableError, match="no such table"):
        await database.write(lambda c: c.execute("DELETE FROM nowhere"))
    with pytest.raises(LogUnavailableError, match="no such table"):
        await database.read(lambda c: c.execute("SELECT * FROM nowhere"))
    with pytest.raises(LogUnavailableError, match="readonly"):
        await database.read(lambda c: c.execute("DELETE FROM rows"))
    assert await ids(database) == [1]


async def test_a_commit_that_fails_is_unknown_and_the_file_goes_on(database: Database) -> None:
    def enforce(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA foreign_keys = ON")

    await asyncio.wrap_future(database.submit(lambda: enforce(database._connections[0])))
    with pytest.raises(AppendUnknownError, match="FOREIGN KEY"):
        await insert(database, 1)
    await database.write(lambda c: c.execute("INSERT INTO parents VALUES (2)"))
    await insert(database, 2)
    assert await ids(database) == [2]


async def test_many_rows_go_by_few_statements_and_none_is_left_out(database: Database) -> None:
    many = 2 * ROWS_PER_STATEMENT + 7
    statements: list[str] = []

    def change(connection: sqlite3.Connection) -> None:
        connection.set_trace_callback(statements.append)
        write_rows(connection, INSERT, ((number, "nul \0 é") for number in range(many)))
        write_rows(connection, INSERT, [])
        connection.set_trace_callback(None)

    await database.write(change)
    assert len(statements) == 3
    assert await ids(database) == list(range(many))
    text = "SELECT json_group_array(text) FROM rows WHERE id = 0"
    assert await database.read(lambda c: answer(c, text)) == ["nul \0 é"]


async def test_so_many_may_wait_and_no_more(database: Database) -> None:
    gate = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold(connection: sqlite3.Connection) -> None:
        asyncio.run_coroutine_threadsafe(gate.wait(), loop).result()

    waiting = [asyncio.create_task(database.write(hold)) for _ in range(OWNER.queue_max)]
    await asyncio.sleep(0)
    with pytest.raises(LogUnavailableError, match="too many"):
        await insert(database, 1)
    assert await ids(database) == []  # readers have room of their own
    gate.set()
    await asyncio.gather(*waiting)
    assert await ids(database) == []


async def test_closing_finishes_what_was_begun(settings: Settings, database: Database) -> None:
    writing = [asyncio.create_task(insert(database, number)) for number in range(3)]
    await asyncio.sleep(0)
    await asyncio.gather(database.close(), database.close())
    await asyncio.gather(*writing)
    with pytest.raises(LogUnavailableError, match="closed"):
        await insert(database, 4)
    path = settings.data_dir / "d.sqlite"
    assert [found.name for found in settings.data_dir.iterdir()] == [path.name]  # no WAL is left
    again = await Database.open(path, [SCHEMA], OWNER, settings)
    assert await ids(again) == [0, 1, 2]
    await again.close()


async def test_closing_twice_at_once_leaves_one_file(settings: Settings) -> None:
    path = settings.data_dir / "d.sqlite"
    for number in range(40):
        opened = await Database.open(path, [SCHEMA], OWNER, settings)
        await insert(opened, number)
        await asyncio.gather(*(opened.close() for _ in range(4)))
        assert [found.name for found in settings.data_dir.iterdir()] == [path.name]


async def test_migrations_are_applied_once_and_later_ones_left_alone(settings: Settings) -> None:
    path, more = settings.data_dir / "d.sqlite", "ALTER TABLE rows ADD COLUMN note TEXT; -- later\n"
    for known in ([SCHEMA], [SCHEMA, more], [SCHEMA, more], [SCHEMA]):
        opened = await Database.open(path, known, OWNER, settings)
        await opened.close()
    opened = await Database.open(path, [SCHEMA, more], OWNER, settings)
    names = await opened.read(lambda c: [row[1] for row in c.execute("PRAGMA table_info(rows)")])
    assert names == ["id", "text", "note"]
    await opened.close()


async def test_a_migration_that_fails_leaves_nothing(settings: Settings) -> None:
    path = settings.data_dir / "d.sqlite"
    wrong = "ALTER TABLE rows ADD COLUMN note TEXT;\nALTER TABLE nowhere ADD COLUMN note TEXT;\n"
    with pytest.raises(LogUnavailableError, match="nowhere"):
        await Database.open(path, [SCHEMA, wrong], OWNER, settings)
    opened = await Database.open(path, [SCHEMA], OWNER, settings)
    names = await opened.read(lambda c: [row[1] for row in c.execute("PRAGMA table_info(rows)")])
    assert names == ["id", "text"]
    await opened.close()
