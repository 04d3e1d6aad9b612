"""Profiles: accounts with what is counted at read, and how the viewer stands to each."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from foldline.core.id_sets import has
from foldline.core.ids import NO_IDS, IntArray
from foldline.views.port import Account, ServedViews
from foldline.web.schemas import user_body
from query.rules import Viewpoint


@dataclass(frozen=True, slots=True, eq=False)
class _Ties:
    """Whom the viewer follows, and who of the shown accounts follows the viewer; both sorted."""

    following: IntArray
    followers: IntArray


async def profiles(
    views: ServedViews, viewpoint: Viewpoint, accounts: Sequence[Account]
) -> list[dict[str, Any]]:
    """The bodies of `accounts`, in their order."""
    ids = [account.user_id for account in accounts]
    ties, following = await asyncio.gather(
        _ties(views, viewpoint, ids), asyncio.gather(*map(views.following, ids))
    )
    return [
        user_body(account, int(followed.size), _relationship(viewpoint, ties, account.user_id))
        for account, followed in zip(accounts, following, strict=True)
    ]


async def _ties(views: ServedViews, viewpoint: Viewpoint, ids: Sequence[int]) -> _Ties:
    if viewpoint.user_id is None:
        return _Ties(NO_IDS, NO_IDS)
    return _Ties(
        *await asyncio.gather(
            views.following(viewpoint.user_id), views.following_among(ids, viewpoint.user_id)
        )
    )


def _relationship(viewpoint: Viewpoint, ties: _Ties, user_id: int) -> dict[str, Any] | None:
    """How the viewer, if there is one, stands to another account."""
    if viewpoint.user_id in (None, user_id):
        return None
    return {
        "user_id": str(user_id),
        "following": has(ties.following, user_id),
        "followed_by": has(ties.followers, user_id),
        "blocking": user_id in viewpoint.blocks,
        "muting": user_id in viewpoint.mutes,
    }
