"""Which accounts exist, and whether they may act: asked of the views, and remembered.

A suspension must soon be in force, so what is remembered is asked for again after a second. Where
the store can't say, a caller that was known lately may go on posting.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cachetools import TTLCache

from foldline.clock import Clock
from foldline.errors import ViewsUnavailableError
from foldline.views.port import Account, ServedViews

_ACCOUNTS_MAX: Final = 100_000
_FRESH_S: Final = 1.0
_KEPT_S: Final = 60.0
_PATIENCE_S: Final = 0.5  # with a store that may not answer, where it need not


@dataclass(frozen=True, slots=True)
class _Known:
    account: Account
    fresh_until: float


class Standing:
    """The accounts that commands come from and concern. Only existing ones are remembered."""

    def __init__(self, views: ServedViews, clock: Clock) -> None:
        self._views = views
        self._clock = clock
        self._known: TTLCache[int, _Known] = TTLCache(_ACCOUNTS_MAX, _KEPT_S, timer=clock.monotonic)
        self._forgotten = 0
        self._down_until = 0.0

    async def of(self, user_id: int) -> Account | None:
        """The account, if it exists or did; ViewsUnavailableError where that is not known."""
        known = self._known.get(user_id)
        if known is not None and self._fresh(known):
            return known.account
        return await self._ask(user_id)

    async def lately(self, user_id: int) -> Account | None:
        """The same; where the store can't answer, the account as it was within the last minute."""
        known = self._known.get(user_id)
        if known is None:
            return await self._ask(user_id)
        if self._fresh(known) or self._clock.monotonic() < self._down_until:
            return known.account
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await self._ask(user_id)
        except (ViewsUnavailableError, TimeoutError):
            self._down_until = self._clock.monotonic() + _FRESH_S
            return known.account

    def learn(self, account: Account) -> None:
        """Remember an account as a command just left it, before the views have that."""
        self._known[account.user_id] = _Known(account, self._clock.monotonic() + _FRESH_S)

    def forget(self, user_ids: Iterable[int]) -> None:
        """Ask for these accounts again: they changed."""
        self._forgotten += 1
        for user_id in user_ids:
            self._known.pop(user_id, None)

    def _fresh(self, known: _Known) -> bool:
        """A deletion is final, and never asked for again."""
        return known.account.deleted or self._clock.monotonic() < known.fresh_until

    async def _ask(self, user_id: int) -> Account | None:
        forgotten = self._forgotten
        found = (await self._views.accounts([user_id])).get(user_id)
        known = self._known.get(user_id)
        if known is not None and (found is None or known.account.deleted):
            return known.account  # the views are behind what this process did
        if found is not None and forgotten == self._forgotten:  # else it may be the older answer
            self.learn(found)
        return found
