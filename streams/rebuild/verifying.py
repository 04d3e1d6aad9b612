"""Verification: what is served of each account, from the generation that is served and from the one
that was built, against the ledger of the log, all at one position of it.

The log goes on meanwhile. An account whose two sides differ is looked at again: it counts as
different only where the ledger says the same before and after the look, and the look still does
not; more than once, since what happens and is undone within a look is no fault. By buckets first,
as digests; of buckets that differ, the accounts in full.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, Protocol

import numpy as np

from foldline.core.ids import buckets_of
from foldline.core.served import PARTS, Difference, Served, differences, expected
from foldline.errors import ViewsUnavailableError
from foldline.log.port import EventLog
from foldline.views.port import Views
from streams.tailed_ledger import TailedLedger

_LOOKS: Final = 6
_SAME: Final = 2  # looks that must say the same of an account that differs
_AT_ONCE: Final = 16
_BEHIND_MAX_S: Final = 60.0
_POLL_S: Final = 0.02
_EXAMPLES: Final = 100
_USERS: Final = 1_000  # that are read at one position, about


class Reader(Protocol):
    """Reads what is served of an account from one generation."""

    async def expect(self, user_ids: Sequence[int]) -> None: ...

    async def served(self, user_id: int, parts: Iterable[str] = PARTS) -> Served: ...


@dataclass
class Findings:
    """What was found out of one generation. `accounts`: that differ; `parts`: how many of them in
    which part; `wrong`: entries that are missing, too many or other than they should be;
    `examples`: the first differences; `unsettled`: accounts that changed at every look."""

    accounts: list[int] = field(default_factory=list)
    wrong: int = 0
    parts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    examples: list[Difference] = field(default_factory=list)
    unsettled: int = 0

    @property
    def users(self) -> int:
        """How many accounts differ."""
        return len(self.accounts)

    def add(self, user: int, found: Sequence[Difference]) -> None:
        """One more account that differs."""
        self.accounts.append(user)
        for each in found:
            self.parts[each.part] += 1
            self.wrong += max(len(each.missing) + len(each.extra), 1)
        self.examples += found[: max(_EXAMPLES - len(self.examples), 0)]


class Verification:
    """Compares generations with the ledger. `compared` accounts with so many `entries`, in so many
    `buckets`; `findings`: by generation; `upto`: the position of the
    log that was last looked at."""

    def __init__(
        self,
        log: EventLog,
        ledger: TailedLedger,
        views: Mapping[int, Views],
        reader_of: Callable[[Views], Reader],
        depth: int,
        parts: Sequence[str] = PARTS,
    ) -> None:
        """`depth`: of tweets in each list; `parts`: of what is served, that are compared."""
        self.findings = {number: Findings() for number in views}
        self.compared = self.entries = self.buckets = self.buckets_that_differ = 0
        self.upto: tuple[int, ...] = ()
        self._log = log
        self._ledger = ledger
        self._views = views
        self._reader_of = reader_of
        self._depth = depth
        self._parts = parts

    async def users(self) -> list[int]:
        """All accounts there are now."""
        await self._ledger.advance(await self._log.ends())
        return self._ledger.ledger.users()

    async def run(self, users: Sequence[int], buckets: int, advance: Callable[[int], None]) -> None:
        """Compare these accounts; `advance` is told how many are done. Raises
        `ViewsUnavailableError` where a generation stays behind the log."""
        for some in _together(users, buckets):
            differ = await self._compare(some)
            everyone = [user for bucket in some for user in bucket]
            self.compared += len(everyone)
            self.buckets += len(some)
            self.buckets_that_differ += sum(not differ.isdisjoint(bucket) for bucket in some)
            advance(len(everyone))

    async def _compare(self, buckets: Sequence[Sequence[int]]) -> set[int]:
        """The accounts of these buckets that differ, in any generation."""
        await self._settled()
        differ = set[int]()
        right = [[self._right(user) for user in users] for users in buckets]
        self.entries += sum(each.entries for served in right for each in served)
        for number, views in self._views.items():
            reader = self._reader_of(views)
            found = await self._read(reader, [user for users in buckets for user in users])
            for users, should in zip(buckets, right, strict=True):
                is_so = [found[user] for user in users]
                if _digest(is_so) != _digest(should):
                    wrong = [u for u, a, b in zip(users, is_so, should, strict=True) if a != b]
                    differ |= {user for user in wrong if await self._look_again(number, user)}
        return differ

    async def _look_again(self, number: int, user: int) -> bool:
        """Whether an account does differ; if so, it is among the findings."""
        same = 0
        for _ in range(_LOOKS):
            await self._settled()
            before = self._right(user)
            found = await self._reader_of(self._views[number]).served(user, self._parts)
            if found == before:
                return False
            await self._settled()
            same = same + 1 if self._right(user) == before else 0
            if same == _SAME:
                self.findings[number].add(user, differences(user, before, found))
                return True
        self.findings[number].unsettled += 1
        return True

    def _right(self, user: int) -> Served:
        """What must be served of an account, as the ledger stands."""
        return expected(self._ledger.ledger, user, self._depth, self._parts)

    async def _settled(self) -> None:
        """The ledger is at the log's end, and every generation has come as far."""
        ends = await self._log.ends()
        await self._ledger.advance(ends)
        self.upto = tuple(self._ledger.ledger.positions)
        for number, views in self._views.items():
            try:
                async with asyncio.timeout(_BEHIND_MAX_S):
                    while _behind(await views.progress(), self.upto):
                        await asyncio.sleep(_POLL_S)
            except TimeoutError:
                raise ViewsUnavailableError(
                    f"generation {number} stays behind the log: is it kept by any worker?"
                ) from None

    async def _read(self, reader: Reader, users: Sequence[int]) -> dict[int, Served]:
        room = asyncio.Semaphore(_AT_ONCE)

        async def read(user: int) -> Served:
            async with room:
                return await reader.served(user, self._parts)

        await reader.expect(users)
        found = await asyncio.gather(*(read(user) for user in users))
        return dict(zip(users, found, strict=True))


def _together(users: Sequence[int], buckets: int) -> Iterator[list[list[int]]]:
    """Buckets of accounts, as many as are read at one position."""
    some: list[list[int]] = []
    for bucket in _by_bucket(users, buckets):
        some.append(bucket)
        if sum(map(len, some)) >= _USERS:
            yield some
            some = []
    if some:
        yield some


def _by_bucket(users: Sequence[int], buckets: int) -> Iterator[list[int]]:
    """The accounts by their bucket; one with very many of them in parts."""
    found: dict[int, list[int]] = defaultdict(list)
    places = buckets_of(np.array(users, dtype=np.int64), buckets).tolist()
    for user, bucket in zip(users, places, strict=True):
        found[bucket].append(user)
    for _, own in sorted(found.items()):
        for start in range(0, len(own), _USERS):
            yield own[start : start + _USERS]


def _behind(progress: Mapping[int, int], upto: Sequence[int]) -> bool:
    return any(progress.get(partition, 0) < end for partition, end in enumerate(upto))


def _digest(served: Iterable[Served]) -> bytes:
    whole = blake2b(digest_size=16)
    for each in served:
        whole.update(each.digest)
    return whole.digest()
