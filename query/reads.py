"""What every read works with, and begins with."""

from dataclasses import dataclass
from typing import Any

from foldline.clock import Clock
from foldline.errors import NotFoundError
from foldline.settings import Settings
from foldline.views.port import Account, ServedViews
from foldline.web.call import Call
from foldline.web.freshness import ProgressWatch
from query.celebrities import Celebrities


@dataclass(frozen=True, slots=True)
class Reads:
    """The views of one generation, and what is known about them in this process."""

    views: ServedViews
    celebrities: Celebrities
    watch: ProgressWatch
    settings: Settings
    clock: Clock

    async def fresh(self, call: Call[Any, Any]) -> bool:
        """Wait, not for long, until all that the caller has seen is folded. Whether it is."""
        return await self.watch.passed(call.after, self.settings.after_wait_s)

    async def account(self, user_id: int) -> Account:
        """The account; NotFoundError where there is none."""
        found = await self.views.accounts([user_id])
        if user_id not in found:
            raise NotFoundError(f"there is no account {user_id}")
        return found[user_id]
