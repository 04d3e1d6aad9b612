"""Which accounts exist and how many others they follow: asked of the views once, then remembered
for a while.

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
        self._follows: TTLCache[int, int] = TTLCache(_ACCOUNTS_MAX, _LIFETIME_S)

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

    async def has_room(self, user_id: int, follows_max: int) -> bool:
        """Whether the account may follow one more, which is then counted as done. What other
        processes let it follow since they last asked is not seen."""
        follows = self._follows.get(user_id)
        if follows is None or follows >= follows_max:
            follows = int((await self._views.following(user_id)).size)
        if follows >= follows_max:
            return False
        self._follows[user_id] = follows + 1
        return True
