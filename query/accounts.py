"""Reads of accounts: profiles, the directory, who follows whom."""

import asyncio
from typing import Any

from foldline.core.ids import IntArray
from foldline.errors import NotFoundError
from foldline.web.call import Answer, Call
from foldline.web.schemas import PageQuery
from query.entries import Entries, accounts_in
from query.lists import user_page
from query.present import user_json
from query.profiles import profiles
from query.reads import Reads
from query.rules import Viewpoint


async def user(reads: Reads, call: Call[None, None]) -> Answer:
    """One account, by id."""
    user_id = call.id_in_path("user_id")
    fresh = await reads.fresh(call)
    return await _profile(reads, await reads.viewpoint(call), user_id, fresh)


async def user_by_name(reads: Reads, call: Call[None, None]) -> Answer:
    """One account, by username, whatever the case."""
    username = call.path["username"]
    fresh = await reads.fresh(call)
    viewpoint, user_id = await asyncio.gather(
        reads.viewpoint(call), reads.views.account_id(username.lower())
    )
    if user_id is None:
        raise NotFoundError(f"there is no account named {username!r}")
    return await _profile(reads, viewpoint, user_id, fresh)


async def users(reads: Reads, call: Call[None, PageQuery]) -> Answer:
    """The directory of all accounts."""
    fresh = await reads.fresh(call)
    viewpoint = await reads.viewpoint(call)

    async def source(after: int | None, limit: int) -> Entries:
        return accounts_in(await reads.views.account_ids(after, limit), limit)

    return await user_page(reads, call, viewpoint, source, fresh)


async def followers(reads: Reads, call: Call[None, PageQuery]) -> Answer:
    """Who follows an account, by id."""
    user_id, fresh, viewpoint = await _whose(reads, call)

    async def source(after: int | None, limit: int) -> Entries:
        return accounts_in(await reads.views.followers(user_id, after or 0, limit), limit)

    return await user_page(reads, call, viewpoint, source, fresh)


async def following(reads: Reads, call: Call[None, PageQuery]) -> Answer:
    """Whom an account follows, by id."""
    user_id, fresh, viewpoint = await _whose(reads, call)
    followed = await reads.views.following(user_id)

    async def source(after: int | None, limit: int) -> Entries:
        return accounts_in(_behind(followed, after, limit), limit)

    return await user_page(reads, call, viewpoint, source, fresh)


async def mutuals(reads: Reads, call: Call[None, PageQuery]) -> Answer:
    """Whom an account follows and is followed by, by id."""
    user_id, fresh, viewpoint = await _whose(reads, call)
    followed = await reads.views.following(user_id)

    async def source(after: int | None, limit: int) -> Entries:
        asked = _behind(followed, after, limit)
        both = await reads.views.following_among(asked.tolist(), user_id)
        return Entries(both, both, accounts_in(asked, limit).known_to)

    return await user_page(reads, call, viewpoint, source, fresh)


async def _whose(reads: Reads, call: Call[Any, Any]) -> tuple[int, bool, Viewpoint]:
    """Whose list is asked for, if there is such an account to see."""
    user_id = call.id_in_path("user_id")
    fresh = await reads.fresh(call)
    viewpoint = await reads.viewpoint(call)
    await reads.account(viewpoint, user_id)
    return user_id, fresh, viewpoint


def _behind(ids: IntArray, after: int | None, limit: int) -> IntArray:
    start = int(ids.searchsorted(after or 0, side="right"))
    return ids[start : start + limit]


async def _profile(reads: Reads, viewpoint: Viewpoint, user_id: int, fresh: bool) -> Answer:
    account = await reads.account(viewpoint, user_id)
    [shown] = await profiles(reads.views, viewpoint, [account])
    return Answer(user_json(shown), stale=not fresh)
