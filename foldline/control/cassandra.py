"""The control store in Cassandra. Every write is an LWT."""

from typing import Final

from cql.loader import CONTROL, statements
from foldline.cassandra import open_session
from foldline.control.cassandra_generations import CassandraGenerations
from foldline.control.port import Claim, Control, Credential, Family, Reservation, Role
from foldline.core.position import Position
from foldline.errors import ControlUnavailableError
from foldline.settings import Settings

_IN_USE: Final = 0  # a name that nobody may take over


async def open_cassandra_control(settings: Settings) -> Control:
    """The control store of an installation, whose keyspace must be migrated.

    Raises `ControlUnavailableError`, `MisconfiguredError`.
    """
    session = await open_session(
        settings,
        settings.keyspace,
        {name: statement.text for name, statement in statements(CONTROL).items()},
        ControlUnavailableError,
    )
    return CassandraControl(session)


class CassandraControl(CassandraGenerations):
    """`control.port.Control` on the control keyspace.

    An LWT that timed out may stand or not. Each method says what stands, not what it did, so a
    caller who repeats it learns the truth.
    """

    async def claim_username(
        self, username: str, user_id: int, now_ms: int, replacing: Claim | None = None
    ) -> Claim:
        own = Claim(user_id, now_ms, confirmed=False)
        if replacing is not None and replacing.replaceable(now_ms):
            old = replacing.user_id, replacing.claimed_at, replacing.confirmed
            free_at = replacing.free_at or _IN_USE
            other = await self._session.swap(
                "take_over_username", user_id, now_ms, _IN_USE, username, *old, free_at
            )
            if other is None:
                return own
        standing = await self._session.swap("claim_username", username, user_id, now_ms, _IN_USE)
        if standing is None:
            return own
        free_at = standing["free_at"]
        return Claim(
            standing["user_id"],
            standing["claimed_at"],
            standing["confirmed"],
            None if free_at == _IN_USE else free_at,
        )

    async def confirm_username(self, username: str, user_id: int) -> None:
        await self._session.swap("confirm_username", username, user_id)

    async def release_username(self, username: str, user_id: int) -> None:
        await self._session.swap("release_username", username, user_id)

    async def retire_username(self, username: str, user_id: int, free_at_ms: int) -> None:
        await self._session.swap("retire_username", free_at_ms, username, user_id)

    async def put_password(self, user_id: int, password_hash: str) -> None:
        new = await self._session.swap("add_credential", user_id, password_hash, "user")
        if new is not None:
            await self._session.swap("put_password", password_hash, user_id)

    async def put_role(self, user_id: int, role: Role) -> None:
        new = await self._session.swap("add_credential", user_id, None, role)
        if new is not None:
            await self._session.swap("put_role", role, user_id)

    async def credential(self, user_id: int) -> Credential | None:
        rows = await self._session.rows("credential", user_id)
        return Credential(*rows[0]) if rows else None

    async def open_family(self, name: str, user_id: int, token_hash: bytes, ttl_s: int) -> None:
        await self._session.swap("open_family", name, user_id, token_hash, ttl_s)

    async def family(self, name: str) -> Family | None:
        rows = await self._session.rows("family", name)
        return Family(*rows[0]) if rows else None

    async def rotate(self, name: str, old: Family, token_hash: bytes, ttl_s: int) -> bool:
        row = (ttl_s, old.user_id, token_hash, name, old.token_hash)
        standing = await self._session.swap("rotate_family", *row)
        return standing is None or standing.get("token_hash") == token_hash

    async def close_family(self, name: str) -> None:
        await self._session.swap("close_family", name)

    async def reserve(
        self, user_id: int, key: str, tweet_id: int, body_hash: bytes, ttl_s: int
    ) -> Reservation:
        standing = await self._session.swap("reserve", user_id, key, tweet_id, body_hash, ttl_s)
        if standing is None:
            return Reservation(tweet_id, body_hash, None)
        partition, offset = standing["log_partition"], standing["log_offset"]
        position = None if offset is None else Position(partition, offset)
        return Reservation(standing["tweet_id"], standing["body_hash"], position)

    async def complete(
        self, user_id: int, key: str, reserved: Reservation, position: Position, ttl_s: int
    ) -> None:
        written = (reserved.tweet_id, reserved.body_hash, *position)
        row = (user_id, key)
        await self._session.swap("complete_reservation", ttl_s, *written, *row, reserved.tweet_id)

    async def close(self) -> None:
        await self._session.close()
