"""How many others an account may follow: an upper bound of how many it does, kept here.

The bound is what the views said last and every follow granted since. Only where it comes to the
limit are the views asked again, and for certain: once they have all that was acknowledged. What
other processes grant meanwhile is not seen.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from cachetools import TTLCache

from foldline.core.id_sets import has
from foldline.core.ids import IntArray
from foldline.errors import ConflictError

_ACCOUNTS_MAX: Final = 100_000
_LIFETIME_S: Final = 60.0

Following = Callable[[], Awaitable[IntArray]]


@dataclass(slots=True)
class _Tally:
    """`most`: how many the account follows at most; `granted` ever, of which `ended` were
    answered, so that the views can have them."""

    most: int
    granted: int = 0
    ended: int = 0


class Room:
    """The room for further follows of the accounts that followed lately."""

    def __init__(self) -> None:
        self._tallies: TTLCache[int, _Tally] = TTLCache(_ACCOUNTS_MAX, _LIFETIME_S)

    @asynccontextmanager
    async def one_more(
        self, follower_id: int, followee_id: int, limit: int, known: Following, certain: Following
    ) -> AsyncIterator[None]:
        """Hold the place of one more follow while it is appended; ConflictError if there is none.
        A follow that stands needs none. `known` and `certain` ask whom the account follows."""
        tally = self._tallies.get(follower_id)
        if tally is None:
            tally = self._tallies.setdefault(follower_id, _Tally(int((await known()).size)))
        if tally.most >= limit:
            ended = tally.ended
            following = await certain()
            tally.most = int(following.size) + tally.granted - ended
            if has(following, followee_id):
                yield
                return
        if tally.most >= limit:
            raise ConflictError(f"an account follows at most {limit} others")
        tally.most += 1
        tally.granted += 1
        try:
            yield
        finally:
            tally.ended += 1
