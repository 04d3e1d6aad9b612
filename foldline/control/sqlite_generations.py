"""Generations in the control store's file."""

import sqlite3
from typing import Any, Final

import msgspec

from foldline.clock import Clock
from foldline.generation import Build, Generation
from foldline.sqlite import Database

_GENERATION: Final = """
SELECT number, buckets, follower_shards, body
FROM generations LEFT JOIN builds ON generation = number
"""
_BEGIN: Final = "INSERT INTO builds VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_ADD: Final = "INSERT INTO generations VALUES (?, ?, ?, 0) ON CONFLICT DO NOTHING"
_CHANGE: Final = "UPDATE builds SET revision = ?, body = ? WHERE generation = ? AND revision = ?"
_BODY: Final = "SELECT body FROM builds WHERE generation = ?"
_ACTIVATE: Final = """
UPDATE generations SET active = number = ? WHERE EXISTS (
    SELECT 1 FROM generations WHERE number = ? AND active
) AND EXISTS (SELECT 1 FROM generations WHERE number = ?)
"""
_FORGET: Final = "DELETE FROM generations WHERE number = ? AND NOT active"
_REPAIR: Final = """
INSERT INTO repairs VALUES (?, 1) ON CONFLICT DO UPDATE SET count = count + 1
"""
_EPOCH: Final = "SELECT coalesce(max(epoch), 0) FROM log_epochs"
_BEGIN_EPOCH: Final = f"INSERT INTO log_epochs SELECT ? WHERE ? = ({_EPOCH})"
_LEASE: Final = """
INSERT INTO leases VALUES (?, ?, ?) ON CONFLICT DO UPDATE
SET holder = excluded.holder, expires_at = excluded.expires_at
WHERE holder = excluded.holder OR expires_at <= ?
"""


class SqliteGenerations:
    """`control.generations.Generations` on a database file."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def active_generation(self) -> Generation:
        return (await self._generations(f"{_GENERATION} WHERE active"))[0]

    async def generations(self) -> list[Generation]:
        return await self._generations(f"{_GENERATION} ORDER BY number")

    async def builds(self) -> list[Build]:
        bodies = await self._all("SELECT body FROM builds ORDER BY generation")
        return [_build(body) for (body,) in bodies]

    async def begin_build(self, build: Build) -> bool:
        made, body = build.generation, msgspec.json.encode(build).decode()

        def begin(connection: sqlite3.Connection) -> bool:
            connection.execute(_BEGIN, (made.number, build.revision, body))
            if _build(connection.execute(_BODY, (made.number,)).fetchone()[0]) != build:
                return False
            connection.execute(_ADD, (made.number, made.buckets, made.follower_shards))
            return True

        return await self._database.write(begin)

    async def change_build(self, old: Build, new: Build) -> bool:
        body = msgspec.json.encode(new).decode()

        def change(connection: sqlite3.Connection) -> bool:
            connection.execute(_CHANGE, (new.revision, body, new.number, old.revision))
            standing: object = connection.execute(_BODY, (new.number,)).fetchone()
            return standing == (body,)

        return await self._database.write(change)

    async def activate(self, number: int, instead_of: int) -> bool:
        def activate(connection: sqlite3.Connection) -> bool:
            connection.execute(_ACTIVATE, (number, instead_of, number))
            active: object = connection.execute(f"{_GENERATION} WHERE active").fetchone()[0]
            return active == number

        return await self._database.write(activate)

    async def forget_generation(self, number: int) -> None:
        await self._database.write(lambda c: c.execute(_FORGET, (number,)))

    async def repairs(self, number: int) -> int:
        found = await self._all("SELECT generation, count FROM repairs")
        return int(dict(found).get(number, 0))

    async def note_repair(self, number: int) -> None:
        await self._database.write(lambda c: c.execute(_REPAIR, (number,)))

    async def log_epoch(self) -> int:
        ((epoch,),) = await self._all(_EPOCH)
        return int(epoch)

    async def begin_epoch(self, epoch: int) -> bool:
        await self._database.write(lambda c: c.execute(_BEGIN_EPOCH, (epoch, epoch - 1)))
        return await self.log_epoch() == epoch

    async def hold_lease(self, name: str, holder: str, ttl_s: int) -> str:
        now_ms = self._clock.now_ms()

        def hold(connection: sqlite3.Connection) -> str:
            connection.execute(_LEASE, (name, holder, now_ms + ttl_s * 1000, now_ms))
            row = connection.execute("SELECT holder FROM leases WHERE name = ?", (name,)).fetchone()
            return str(row[0])

        return await self._database.write(hold)

    async def give_lease(self, name: str, holder: str) -> None:
        own = (name, holder)
        await self._database.write(
            lambda c: c.execute("DELETE FROM leases WHERE name = ? AND holder = ?", own)
        )

    async def _generations(self, query: str) -> list[Generation]:
        return [
            Generation(number, buckets, shards, 0 if body is None else _build(body).generation.cap)
            for number, buckets, shards, body in await self._all(query)
        ]

    async def _all(self, query: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = await self._database.read(
            lambda c: c.execute(query).fetchall()
        )
        return rows


def _build(body: str) -> Build:
    return msgspec.json.decode(body, type=Build)
