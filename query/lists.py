"""Pages of accounts from any source of ids: filled until full, also where many are left out."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from foldline.views.port import Account
from foldline.web.call import Answer, Call
from foldline.web.schemas import PageQuery
from query.entries import Entries
from query.present import users_json
from query.profiles import profiles
from query.reads import Reads
from query.rules import Viewpoint, listed

Source = Callable[[int | None, int], Awaitable[Entries]]
"""The next entries behind a place in the list, or the first; so many of them."""

_FETCH_MAX: Final = 800


async def user_page(
    reads: Reads, call: Call[Any, PageQuery], viewpoint: Viewpoint, source: Source, fresh: bool
) -> Answer:
    """The page that `call` asks for, of whom `source` lists and `viewpoint` may see."""
    query = call.query
    after = query.cursor.at_id if query.cursor else None
    accounts, next_at = await _fill(reads, viewpoint, source, after, query.limit)
    users = await profiles(reads.views, viewpoint, accounts)
    return Answer(users_json(users, next_at, reads.clock.now_ms()), stale=not fresh)


async def _fill(
    reads: Reads, viewpoint: Viewpoint, source: Source, after: int | None, limit: int
) -> tuple[list[Account], int | None]:
    """Read until one more than the limit is found, which proves that the list goes on; and the
    place behind which it does, or None."""
    found: list[tuple[int, Account]] = []
    asked, scanned = limit + 1, 0
    while True:
        entries = await source(after, asked)
        owners = entries.owners.tolist()
        accounts = await reads.views.accounts(owners)
        found += [
            (at, accounts[owner])
            for at, owner in zip(entries.ids.tolist(), owners, strict=True)
            if owner in accounts and listed(viewpoint, accounts[owner])
        ]
        if len(found) > limit:
            found = found[:limit]
            return [account for _, account in found], found[-1][0]
        after = entries.known_to
        scanned += asked
        if after is None or scanned >= reads.settings.scan_max:
            return [account for _, account in found], after
        asked = min(asked * 2, _FETCH_MAX)
