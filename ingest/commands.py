"""What every command works with, and begins with."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from foldline import appends, telemetry
from foldline.clock import Clock
from foldline.control.port import Control
from foldline.core.codec import Envelope
from foldline.core.events import Event
from foldline.core.ids import Snowflakes, partition_of
from foldline.core.position import Position
from foldline.errors import (
    ForbiddenError,
    NotFoundError,
    UnauthenticatedError,
    UnavailableError,
    ViewsUnavailableError,
)
from foldline.log.port import EventLog
from foldline.settings import Settings
from foldline.views.port import Account, ServedViews
from foldline.web.call import Call
from foldline.web.freshness import ProgressWatch
from foldline.web.limiting import Limiter
from foldline.web.passwords import Passwords
from foldline.web.tokens import Tokens
from ingest.room import Room
from ingest.standing import Standing

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a command is answered with after waiting for the views. `positions`: those that a
    reader must have seen; `fresh`: whether the views have passed them all."""

    positions: Sequence[Position]
    fresh: bool


@dataclass(frozen=True, slots=True)
class Commands:
    """The log that commands go to, and what they are checked against."""

    log: EventLog
    control: Control
    views: ServedViews
    watch: ProgressWatch
    standing: Standing
    snowflakes: Snowflakes
    tokens: Tokens
    passwords: Passwords
    limiter: Limiter
    settings: Settings
    clock: Clock
    room: Room = field(default_factory=Room)

    def new_id(self) -> int:
        """An id for a new tweet or account."""
        return self.snowflakes.next(self.clock.now_ms())

    async def append(self, event: Event, idempotency_key: str | None = None) -> Position:
        """The event into the log; where it stands, once it is durable there."""
        envelope = Envelope(
            id=telemetry.random_hex(32),
            event=event,
            occurred_at=self.clock.now_ms(),
            idempotency_key=idempotency_key,
        )
        return await appends.append(self.log, envelope, "ingest")

    async def caller(self, call: Call[Any, Any]) -> Account:
        """The account that commands; UnauthenticatedError if there is none, ForbiddenError if it is
        suspended. Where the store can't answer, one that was known lately."""
        account = await self._account(self.standing.lately, call.user)
        if account is None or account.deleted:
            raise UnauthenticatedError(f"there is no account {call.user}")
        if account.suspended:
            raise ForbiddenError("this account is suspended")
        return account

    async def other(self, user_id: int) -> Account:
        """The account that a command concerns; NotFoundError if there is none."""
        account = await self._account(self.standing.of, user_id)
        if account is None or account.deleted:
            raise NotFoundError(f"there is no account {user_id}")
        return account

    async def look(
        self, find: Callable[[], Awaitable[Found | None]], partitions: Iterable[int]
    ) -> Found | None:
        """What `find` finds in the views. What it does not find may be in the log already: it is
        looked for again once `partitions` are folded up to now. ViewsUnavailableError if that
        takes too long, since then nobody knows."""
        found = await find()
        if found is not None:
            return found
        await self.caught_up(partitions)
        return await find()

    async def caught_up(self, partitions: Iterable[int]) -> list[Position]:
        """Wait until `partitions` are folded up to now; the newest position of each that has any.
        ViewsUnavailableError if that takes too long."""
        ends = await self.log.ends()
        now = [Position(p, ends[p] - 1) for p in partitions if ends[p]]
        if not await self.watch.passed(now, self.settings.after_wait_s):
            raise ViewsUnavailableError("the views are behind the log; ask again in a moment")
        return now

    async def seen(self, position: Position, derived_for: int | None = None) -> Seen:
        """Wait, not for long, until the event at `position` is folded; then, what was derived from
        it being appended, until the partition of the account `derived_for` is folded up to now.
        The command stands whatever comes: where nobody can say, it was not seen."""
        positions = [position]
        wait_s = self.settings.after_wait_s
        try:
            async with asyncio.timeout(wait_s):
                fresh = await self.watch.passed(positions, wait_s)
                if fresh and derived_for is not None:
                    partition = self.partition_of(derived_for)
                    end = Position(partition, max((await self.log.ends())[partition] - 1, 0))
                    positions = [*(p for p in positions if p.partition != partition), end]
                    fresh = await self.watch.passed(positions, wait_s)
        except (UnavailableError, TimeoutError):
            fresh = False
        return Seen(positions, fresh)

    async def newest(self, account_id: int) -> Position:
        """The newest position of an account's partition that is folded: what a command on it that
        changes nothing is answered with."""
        partition = self.partition_of(account_id)
        next_offset = (await self.watch.progress()).get(partition, 1)
        return Position(partition, next_offset - 1)

    def partition_of(self, account_id: int) -> int:
        """Where in the log everything about this account's audience stands."""
        return partition_of(account_id, self.log.partitions)

    async def _account(
        self, ask: Callable[[int], Awaitable[Account | None]], user_id: int
    ) -> Account | None:
        return await self.look(partial(ask, user_id), [self.partition_of(user_id)])
