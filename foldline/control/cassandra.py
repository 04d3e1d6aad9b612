"""The control store in Cassandra. Every write is an LWT."""

from cql.loader import CONTROL, statements
from foldline.cassandra import CassandraSession, open_session
from foldline.control.port import Claim, Control, Reservation
from foldline.core.position import Position
from foldline.errors import ControlUnavailableError, MisconfiguredError
from foldline.generation import Generation
from foldline.settings import Settings


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


class CassandraControl:
    """`control.port.Control` on the control keyspace.

    An LWT that timed out may stand or not. Each method says what stands, not what it did, so a
    caller who repeats it learns the truth.
    """

    def __init__(self, session: CassandraSession) -> None:
        self._session = session

    async def claim_username(
        self, username: str, user_id: int, now_ms: int, replacing: Claim | None = None
    ) -> Claim:
        own = Claim(user_id, now_ms, confirmed=False)
        if replacing is not None and not replacing.confirmed:
            old = replacing.user_id, replacing.claimed_at
            other = await self._session.swap("take_over_username", user_id, now_ms, username, *old)
            if other is None:
                return own
        standing = await self._session.swap("claim_username", username, user_id, now_ms)
        if standing is None:
            return own
        return Claim(standing["user_id"], standing["claimed_at"], standing["confirmed"])

    async def confirm_username(self, username: str, user_id: int) -> None:
        await self._session.swap("confirm_username", username, user_id)

    async def release_username(self, username: str, user_id: int) -> None:
        await self._session.swap("release_username", username, user_id)

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

    async def active_generation(self) -> Generation:
        active = await self._session.rows("active_generation")
        rows = await self._session.rows("generation", active[0][0]) if active else []
        if not rows:
            raise MisconfiguredError("no generation is active: run `foldline migrate`")
        return Generation(*rows[0])

    async def close(self) -> None:
        await self._session.close()
