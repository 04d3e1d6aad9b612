"""The control store in one SQLite file. Every answer is read in the transaction that wrote."""

import sqlite3
from pathlib import Path
from typing import Any, Final

from foldline.clock import SystemClock
from foldline.control.port import Claim, Control, Credential, Family, Reservation, Role
from foldline.control.sqlite_generations import SqliteGenerations
from foldline.core.position import Position
from foldline.errors import ControlUnavailableError
from foldline.settings import Settings
from foldline.sqlite import Database, Owner

_MIGRATIONS: Final = (Path(__file__).with_suffix(".sql").read_text(),)
_FIRST_GENERATION: Final = """
INSERT INTO generations SELECT ?, ?, ?, 1 WHERE NOT EXISTS (SELECT 1 FROM generations)
"""


async def open_sqlite_control(settings: Settings) -> Control:
    """The control store in the data directory, made with a first generation where there is none.

    Raises `ControlUnavailableError`.
    """
    owner = Owner(
        synchronous="FULL",
        unavailable=ControlUnavailableError,
        unknown=ControlUnavailableError,
        busy_timeout_s=settings.store_timeout_s / 2,
        queue_max=settings.sqlite_queue_max,
    )
    database = await Database.open(
        settings.data_dir / "control.sqlite", _MIGRATIONS, owner, settings
    )
    first = (1, settings.buckets, settings.follower_shards)
    try:
        await database.write(lambda c: c.execute(_FIRST_GENERATION, first))
    except BaseException:
        await database.close()
        raise
    return SqliteControl(database, SystemClock())


class SqliteControl(SqliteGenerations):
    """`control.port.Control` on a database file."""

    async def claim_username(
        self, username: str, user_id: int, now_ms: int, replacing: Claim | None = None
    ) -> Claim:
        def claim(connection: sqlite3.Connection) -> Claim:
            if replacing is not None and replacing.replaceable(now_ms):
                old = (replacing.user_id, replacing.claimed_at, replacing.confirmed)
                connection.execute(
                    "DELETE FROM claims WHERE username = ? AND user_id = ? AND claimed_at = ? "
                    "AND confirmed = ? AND free_at IS ?",
                    (username, *old, replacing.free_at),
                )
            connection.execute(
                "INSERT INTO claims (username, user_id, claimed_at) VALUES (?, ?, ?) "
                "ON CONFLICT DO NOTHING",
                (username, user_id, now_ms),
            )
            holder, claimed_at, confirmed, free_at = connection.execute(
                "SELECT user_id, claimed_at, confirmed, free_at FROM claims WHERE username = ?",
                (username,),
            ).fetchone()
            return Claim(holder, claimed_at, bool(confirmed), free_at)

        return await self._database.write(claim)

    async def confirm_username(self, username: str, user_id: int) -> None:
        await self._write(
            "UPDATE claims SET confirmed = 1 WHERE username = ? AND user_id = ?", username, user_id
        )

    async def release_username(self, username: str, user_id: int) -> None:
        await self._write(
            "DELETE FROM claims WHERE username = ? AND user_id = ? AND NOT confirmed",
            username,
            user_id,
        )

    async def retire_username(self, username: str, user_id: int, free_at_ms: int) -> None:
        await self._write(
            "UPDATE claims SET free_at = ? WHERE username = ? AND user_id = ?",
            free_at_ms,
            username,
            user_id,
        )

    async def put_password(self, user_id: int, password_hash: str) -> None:
        await self._write(
            "INSERT INTO credentials VALUES (?, ?, 'user') ON CONFLICT DO UPDATE "
            "SET password_hash = excluded.password_hash",
            user_id,
            password_hash,
        )

    async def put_role(self, user_id: int, role: Role) -> None:
        await self._write(
            "INSERT INTO credentials VALUES (?, NULL, ?) ON CONFLICT DO UPDATE "
            "SET role = excluded.role",
            user_id,
            role,
        )

    async def credential(self, user_id: int) -> Credential | None:
        row = await self._row(
            "SELECT password_hash, role FROM credentials WHERE user_id = ?", user_id
        )
        return Credential(*row) if row else None

    async def open_family(self, name: str, user_id: int, token_hash: bytes, ttl_s: int) -> None:
        now_ms = self._clock.now_ms()

        def add(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM refresh_families WHERE expires_at <= ?", (now_ms,))
            connection.execute(
                "INSERT INTO refresh_families VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (name, user_id, token_hash, now_ms + ttl_s * 1000),
            )

        await self._database.write(add)

    async def family(self, name: str) -> Family | None:
        row = await self._row(
            "SELECT user_id, token_hash FROM refresh_families WHERE name = ? AND expires_at > ?",
            name,
            self._clock.now_ms(),
        )
        return Family(*row) if row else None

    async def rotate(self, name: str, old: Family, token_hash: bytes, ttl_s: int) -> bool:
        now_ms = self._clock.now_ms()

        def swap(connection: sqlite3.Connection) -> bool:
            done = connection.execute(
                "UPDATE refresh_families SET token_hash = ?, expires_at = ? "
                "WHERE name = ? AND token_hash IN (?, ?) AND expires_at > ?",
                (token_hash, now_ms + ttl_s * 1000, name, old.token_hash, token_hash, now_ms),
            )
            return done.rowcount == 1

        return await self._database.write(swap)

    async def close_family(self, name: str) -> None:
        await self._write("DELETE FROM refresh_families WHERE name = ?", name)

    async def reserve(
        self, user_id: int, key: str, tweet_id: int, body_hash: bytes, ttl_s: int
    ) -> Reservation:
        def reserve(connection: sqlite3.Connection) -> Reservation:
            now_ms = self._clock.now_ms()
            connection.execute("DELETE FROM reservations WHERE expires_at <= ?", (now_ms,))
            connection.execute(
                "INSERT INTO reservations (user_id, key, tweet_id, body_hash, expires_at) "
                "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (user_id, key, tweet_id, body_hash, now_ms + ttl_s * 1000),
            )
            standing_id, standing_hash, partition, offset = connection.execute(
                "SELECT tweet_id, body_hash, log_partition, log_offset FROM reservations "
                "WHERE user_id = ? AND key = ?",
                (user_id, key),
            ).fetchone()
            position = None if offset is None else Position(partition, offset)
            return Reservation(standing_id, standing_hash, position)

        return await self._database.write(reserve)

    async def complete(
        self, user_id: int, key: str, reserved: Reservation, position: Position, ttl_s: int
    ) -> None:
        now_ms = self._clock.now_ms()
        await self._write(
            "INSERT INTO reservations VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "tweet_id = excluded.tweet_id, body_hash = excluded.body_hash, "
            "log_partition = excluded.log_partition, log_offset = excluded.log_offset, "
            "expires_at = excluded.expires_at "
            "WHERE tweet_id = excluded.tweet_id OR expires_at <= ?",
            user_id,
            key,
            reserved.tweet_id,
            reserved.body_hash,
            *position,
            now_ms + ttl_s * 1000,
            now_ms,
        )

    async def close(self) -> None:
        await self._database.close()

    async def _row(self, query: str, *values: object) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = await self._database.read(
            lambda c: c.execute(query, values).fetchone()
        )
        return row

    async def _write(self, statement: str, *values: object) -> None:
        await self._database.write(lambda c: c.execute(statement, values))
