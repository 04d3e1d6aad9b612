"""Which accounts exist: asked of the views once, then remembered for a while.

So an account that was active lately can go on posting while the store is down.
"""

from typing import Final

from cachetools import TTLCache

from foldline.views.port import Account, ServedViews

_ACCOUNTS_MAX: Final = 100_000
_LIFETIME_S: Final = 60.0


class Standing:
    """The accounts that commands come from and concern. Only existing ones are remembered."""

    def __init__(self, views: ServedViews) -> None:
        self._views = views
        self._known: TTLCache[int, Account] = TTLCache(_ACCOUNTS_MAX, _LIFETIME_S)

    async def of(self, user_id: int) -> Account | None:
        """The account, if it exists. Raises ViewsUnavailableError where that is not known."""
        known = self._known.get(user_id)
        if known is None:
            known = (await self._views.accounts([user_id])).get(user_id)
            if known is not None:
                self._known[user_id] = known
        return known

    def learn(self, account: Account) -> None:
        """Remember an account that was just created, before the views have it."""
        self._known[account.user_id] = account
