"""What every command works with, and begins with."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from foldline import appends, telemetry
from foldline.clock import Clock
from foldline.control.port import Control
from foldline.core.codec import Envelope
from foldline.core.events import Event
from foldline.core.ids import Snowflakes, partition_of
from foldline.core.position import Position
from foldline.errors import NotFoundError, UnauthenticatedError, ViewsUnavailableError
from foldline.log.port import EventLog
from foldline.settings import Settings
from foldline.views.port import Account, ServedViews
from foldline.web.call import Call
from foldline.web.freshness import ProgressWatch
from ingest.standing import Standing

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Commands:
    """The log that commands go to, and what they are checked against."""

    log: EventLog
    control: Control
    views: ServedViews
    watch: ProgressWatch
    standing: Standing
    snowflakes: Snowflakes
    settings: Settings
    clock: Clock

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
        """The account that commands; UnauthenticatedError if there is none."""
        account = await self._account(call.user)
        if account is None:
            raise UnauthenticatedError(f"there is no account {call.user}")
        return account

    async def other(self, user_id: int) -> Account:
        """The account that a command concerns; NotFoundError if there is none."""
        account = await self._account(user_id)
        if account is None:
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
        ends = await self.log.ends()
        now = [Position(p, ends[p] - 1) for p in partitions if ends[p]]
        if not await self.watch.passed(now, self.settings.after_wait_s):
            raise ViewsUnavailableError("the views are behind the log; ask again in a moment")
        return await find()

    async def _account(self, user_id: int) -> Account | None:
        home = partition_of(user_id, self.log.partitions)
        return await self.look(partial(self.standing.of, user_id), [home])
