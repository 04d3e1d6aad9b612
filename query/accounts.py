"""Reads of accounts: profiles, the directory, who follows whom."""

import asyncio

from foldline.core.cursor import Cursor
from foldline.core.ids import IntArray
from foldline.core.span import Direction
from foldline.errors import NotFoundError
from foldline.views.port import Account
from foldline.web.call import Answer, Call
from foldline.web.schemas import PageQuery, RelationshipOut, UserOut, UserPage, user_out
from query.reads import Reads


async def user(reads: Reads, call: Call[None, None]) -> Answer:
    """One account, by id."""
    user_id = call.id_in_path("user_id")
    fresh = await reads.fresh(call)
    account = await reads.account(user_id)
    return Answer(await _profile(reads, account, call.viewer), stale=not fresh)


async def user_by_name(reads: Reads, call: Call[None, None]) -> Answer:
    """One account, by username, whatever the case."""
    username = call.path["username"]
    fresh = await reads.fresh(call)
    user_id = await reads.views.account_id(username.lower())
    if user_id is None:
        raise NotFoundError(f"there is no account named {username!r}")
    account = await reads.account(user_id)
    return Answer(await _profile(reads, account, call.viewer), stale=not fresh)


async def users(reads: Reads, call: Call[None, PageQuery]) -> Answer:
    """The directory of all accounts."""
    fresh = await reads.fresh(call)
    ids = await reads.views.account_ids(_after(call), call.query.limit + 1)
    return await _page(reads, call, ids, fresh)


async def followers(reads: Reads, call: Call[None, PageQuery]) -> Answer:
    """Who follows an account, by id."""
    user_id = call.id_in_path("user_id")
    fresh = await reads.fresh(call)
    await reads.account(user_id)
    ids = await reads.views.followers(user_id, _after(call) or 0, call.query.limit + 1)
    return await _page(reads, call, ids, fresh)


async def following(reads: Reads, call: Call[None, PageQuery]) -> Answer:
    """Whom an account follows, by id."""
    user_id = call.id_in_path("user_id")
    fresh = await reads.fresh(call)
    await reads.account(user_id)
    ids = await reads.views.following(user_id)
    behind = ids[ids > (_after(call) or 0)]
    return await _page(reads, call, behind[: call.query.limit + 1], fresh)


def _after(call: Call[None, PageQuery]) -> int | None:
    return call.query.cursor.at_id if call.query.cursor else None


async def _page(reads: Reads, call: Call[None, PageQuery], ids: IntArray, fresh: bool) -> Answer:
    """A page of accounts; `ids` has one more than the limit where the list goes on."""
    limit = call.query.limit
    shown = ids[:limit].tolist()
    found = await reads.views.accounts(shown)
    profiles = await asyncio.gather(
        *(_profile(reads, found[user_id], call.viewer) for user_id in shown if user_id in found)
    )
    behind = Cursor(shown[-1], Direction.OLDER, reads.clock.now_ms()) if len(ids) > limit else None
    page = UserPage(users=list(profiles), next_cursor=None if behind is None else str(behind))
    return Answer(page, stale=not fresh)


async def _profile(reads: Reads, account: Account, viewer: int | None) -> UserOut:
    following_ids = await reads.views.following(account.user_id)
    relationship = None
    if viewer is not None and viewer != account.user_id:
        relationship = RelationshipOut(
            user_id=str(account.user_id),
            following=await reads.views.follows(viewer, account.user_id),
            followed_by=await reads.views.follows(account.user_id, viewer),
        )
    return user_out(account, int(following_ids.size), relationship)
