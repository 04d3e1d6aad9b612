"""The port of the control store: what is not a view, and can't be folded again.

Claims and reservations are taken by compare-and-set, so that of any number of concurrent callers
exactly one wins and all learn the same.
"""

from dataclasses import dataclass
from typing import Protocol

from foldline.core.position import Position
from foldline.generation import Generation


@dataclass(frozen=True, slots=True)
class Claim:
    """Who holds a username. `claimed_at`: ms since 1970; `confirmed`: the account's event is in the
    log."""

    user_id: int
    claimed_at: int
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Reservation:
    """What an idempotency key stands for. `position` is set once the event is in the log."""

    tweet_id: int
    body_hash: bytes
    position: Position | None


class Control(Protocol):
    """All methods raise `ControlUnavailableError` where the store can't answer."""

    async def claim_username(
        self, username: str, user_id: int, now_ms: int, replacing: Claim | None = None
    ) -> Claim:
        """Take `username` (lower case) for `user_id` and answer the claim that stands afterwards:
        the caller's own, or that of whoever was first. With `replacing`, an unconfirmed claim that
        still equals it is taken over."""

    async def confirm_username(self, username: str, user_id: int) -> None:
        """Note that the account's event is in the log. Repeatable; nothing if another holds it."""

    async def release_username(self, username: str, user_id: int) -> None:
        """Give an unconfirmed claim back. Repeatable; nothing if confirmed or another's."""

    async def reserve(
        self, user_id: int, key: str, tweet_id: int, body_hash: bytes, ttl_s: int
    ) -> Reservation:
        """Reserve an idempotency key of a user for `ttl_s` seconds and answer the reservation that
        stands afterwards: the caller's own, or the first one's."""

    async def complete(
        self, user_id: int, key: str, reserved: Reservation, position: Position, ttl_s: int
    ) -> None:
        """Note for `ttl_s` seconds that the event of `reserved` stands at `position` of the log,
        even if the reservation has ended meanwhile; nothing if the key stands for another tweet.
        Repeatable."""

    async def active_generation(self) -> Generation:
        """The generation that is served."""

    async def close(self) -> None:
        """Give back what is held. Idempotent."""
