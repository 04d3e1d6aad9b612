"""The port of the control store: what is not a view, and can't be folded again.

Claims and reservations are taken by compare-and-set, so that of any number of concurrent callers
exactly one wins and all learn the same.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

from foldline.control.generations import Generations
from foldline.core.position import Position


@dataclass(frozen=True, slots=True)
class Claim:
    """Who holds a username. `claimed_at`: ms since 1970; `confirmed`: the account's event is in the
    log; `free_at`: from when on another may take it (ms since 1970), None while it is in use."""

    user_id: int
    claimed_at: int
    confirmed: bool
    free_at: int | None = None

    def replaceable(self, now_ms: int) -> bool:
        """Whether the claim may be taken over."""
        return not self.confirmed if self.free_at is None else self.free_at <= now_ms


@dataclass(frozen=True, slots=True)
class Reservation:
    """What an idempotency key stands for. `position` is set once the event is in the log."""

    tweet_id: int
    body_hash: bytes
    position: Position | None


Role = Literal["user", "admin"]


@dataclass(frozen=True, slots=True)
class Credential:
    """How an account proves itself, and what it may do. Without a hash it can't log in."""

    password_hash: str | None
    role: Role


@dataclass(frozen=True, slots=True)
class Family:
    """The refresh tokens that descend from one login: the hash of the one that is good now."""

    user_id: int
    token_hash: bytes


class Control(Generations, Protocol):
    """All methods raise `ControlUnavailableError` where the store can't answer."""

    async def claim_username(
        self, username: str, user_id: int, now_ms: int, replacing: Claim | None = None
    ) -> Claim:
        """Take `username` (lower case) for `user_id` and answer the claim that stands afterwards:
        the caller's own, or that of whoever was first. With `replacing`, a claim that still equals
        it is taken over, if it is `replaceable` now."""

    async def confirm_username(self, username: str, user_id: int) -> None:
        """Note that the account's event is in the log. Repeatable; nothing if another holds it."""

    async def release_username(self, username: str, user_id: int) -> None:
        """Give an unconfirmed claim back. Repeatable; nothing if confirmed or another's."""

    async def retire_username(self, username: str, user_id: int, free_at_ms: int) -> None:
        """From `free_at_ms` on another may take the name of an account that was deleted.
        Repeatable; nothing if another holds it."""

    async def put_password(self, user_id: int, password_hash: str) -> None:
        """Set how an account proves itself."""

    async def put_role(self, user_id: int, role: Role) -> None:
        """Set what an account may do."""

    async def credential(self, user_id: int) -> Credential | None:
        """How the account proves itself, if it ever could."""

    async def open_family(self, name: str, user_id: int, token_hash: bytes, ttl_s: int) -> None:
        """Begin a family of refresh tokens, for `ttl_s` seconds."""

    async def family(self, name: str) -> Family | None:
        """The family, while it lasts."""

    async def rotate(self, name: str, old: Family, token_hash: bytes, ttl_s: int) -> bool:
        """Put another token in the place of the one in `old`, for `ttl_s` seconds from now. Whether
        it stands: of many callers with a token each, exactly one is told so. Repeatable."""

    async def close_family(self, name: str) -> None:
        """No token of the family is good any more. Repeatable."""

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

    async def close(self) -> None:
        """Give back what is held. Idempotent."""
