"""What every read works with, and begins with."""

from dataclasses import dataclass
from typing import Any

from foldline.caching.kept import Kept
from foldline.clock import Clock
from foldline.errors import NotFoundError
from foldline.settings import Settings
from foldline.views.port import Account, ServedViews
from foldline.web.call import Call
from foldline.web.freshness import ProgressWatch
from query.celebrities import Celebrities
from query.homes import Homes
from query.hydrate import find
from query.present import Fragments
from query.rules import ANYONE, Post, Viewpoint, profile_visible


@dataclass(frozen=True, slots=True)
class Reads:
    """The views of one generation, and what is known about them in this process; `kept`: newest
    pages of homes, and `homes` what they are made of, where there are caches."""

    views: ServedViews
    celebrities: Celebrities
    watch: ProgressWatch
    settings: Settings
    clock: Clock
    fragments: Fragments
    kept: Kept | None = None
    homes: Homes | None = None

    async def fresh(self, call: Call[Any, Any]) -> bool:
        """Wait, not for long, until all that the caller has seen is folded. Whether it is."""
        return not call.after or await self.watch.passed(call.after, self.settings.after_wait_s)

    async def viewpoint(self, call: Call[Any, Any]) -> Viewpoint:
        """What the rules must know of who asks."""
        if call.viewer is None:
            return ANYONE
        return Viewpoint.of(call.viewer, await self.views.restrictions(call.viewer))

    async def account(self, viewpoint: Viewpoint, user_id: int) -> Account:
        """The account; NotFoundError where there is none to see."""
        account = (await self.views.accounts([user_id])).get(user_id)
        if account is None or not profile_visible(viewpoint, account):
            raise NotFoundError(f"there is no account {user_id}")
        return account

    async def post(self, viewpoint: Viewpoint, tweet_id: int) -> Post:
        """The tweet; NotFoundError where there is none to see."""
        post = await find(self.views, viewpoint, tweet_id)
        if post is None:
            raise NotFoundError(f"there is no tweet {tweet_id}")
        return post
