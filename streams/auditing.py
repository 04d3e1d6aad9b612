"""The audit: a few accounts at a time, all day, compared with the log; what differs is repaired.

It is verification of the generation that is served, on a sample, within a budget of reads.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from foldline import telemetry
from foldline.core.scope import Scope
from foldline.log.port import EventLog
from foldline.settings import Settings
from foldline.views.port import Views
from streams.rebuild.verifying import Findings, Reader, Verification
from streams.repairing import Repair
from streams.tailed_ledger import TailedLedger

_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Round:
    """One sample. `entries`: that were compared; `wrong`: of them, missing, too many or other than
    they should be; `accounts_wrong`: whose; `repaired`: whether these are right again, None where
    nothing was tried."""

    generation: int
    accounts: int
    entries: int
    wrong: int
    accounts_wrong: list[int] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)
    repaired: bool | None = None

    @property
    def drift(self) -> float:
        """Wrong entries per million."""
        return self.wrong * _MILLION / max(self.entries, 1)


class Audit:
    """Audits one generation. It keeps the facts of the whole log in memory."""

    def __init__(
        self,
        log: EventLog,
        ledger: TailedLedger,
        views: Views,
        reader_of: Callable[[Views], Reader],
        settings: Settings,
        number: int,
        depth: int,
    ) -> None:
        self._log = log
        self._ledger = ledger
        self._views = views
        self._reader_of = reader_of
        self._settings = settings
        self._number = number
        self._depth = depth

    async def round(self, accounts: int, *, repair: bool) -> Round:
        """Compare so many accounts, and repair those that differ."""
        verification = self._verification()
        everyone = await verification.users()
        sample = sorted(random.sample(everyone, min(accounts, len(everyone))))
        found = await self._compared(verification, sample)
        repaired = None
        if repair and found.accounts:
            scope = Scope(accounts=frozenset(found.accounts))
            own = Repair(self._log, self._views, self._reader_of, self._settings, self._depth)
            await own.run(scope)
            again = await self._compared(self._verification(), found.accounts)
            repaired = not again.users
        examples = [str(each) for each in found.examples]
        done = Round(
            *(self._number, len(sample), verification.entries, found.wrong),
            *(found.accounts, examples, repaired),
        )
        telemetry.AUDITED.inc(done.entries)
        telemetry.DRIFTED.inc(done.wrong)
        telemetry.DRIFT.set(done.drift)
        return done

    def _verification(self) -> Verification:
        views = {self._number: self._views}
        return Verification(self._log, self._ledger, views, self._reader_of, self._depth)

    async def _compared(self, verification: Verification, users: list[int]) -> Findings:
        await verification.run(users, 1, lambda _: None)
        return verification.findings[self._number]
