"""What a rebuild would come to, before it is begun: by samples of the log and of the timelines."""

import random
from dataclasses import dataclass
from typing import Final

from foldline.clock import SystemClock
from foldline.core.span import Span
from foldline.core.survivors import Survivors
from foldline.profiles import Profile
from foldline.settings import Settings
from streams.reading import stretches
from streams.sift import Poison

_EVENTS: Final = 20_000  # that are folded for it
_TIMELINES: Final = 200
_PAGE: Final = 5_000
_ROW_BYTES: Final = 40  # in memory and on the wire, about
_ROWS_PER_S: Final = {"embedded": 100_000, "distributed": 60_000}
"""As the benchmark of rebuilds found on two cores: a guess anywhere else."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Of a rebuild: `events` to fold with their `log_bytes`, `rows` of timelines to write with
    their `row_bytes`, for so many `accounts`; about how many `seconds` that takes."""

    events: int
    log_bytes: int
    accounts: int
    rows: int
    row_bytes: int
    seconds: int


async def estimate(profile: Profile, settings: Settings, cap: int) -> Estimate:
    """Look at the installation as it is; nothing is changed."""
    ends = await profile.log.ends()
    folded, size, spent_s = await _folded(profile, settings, ends)
    accounts, rows = await _timelines(profile, cap)
    events = sum(ends)
    seconds = spent_s * events / max(folded, 1) / settings.rebuild_process_count
    seconds += rows / _ROWS_PER_S[settings.profile]
    log_bytes = round(size * events / max(folded, 1))
    return Estimate(events, log_bytes, accounts, rows, rows * _ROW_BYTES, max(round(seconds), 1))


async def _folded(profile: Profile, settings: Settings, ends: list[int]) -> tuple[int, int, float]:
    """How many events of a sample were folded, their bytes, and how long that took."""
    survivors, count, size, clock = Survivors(), 0, 0, SystemClock()
    began = clock.monotonic()
    for partition, end in enumerate(ends):
        sample = min(end, _EVENTS // len(ends))
        async for stretch in stretches(profile.log, partition, sample, settings.log_epoch):
            for record, item in zip(*stretch, strict=True):
                count, size = count + 1, size + len(record.value or b"")
                if not isinstance(item, Poison):
                    survivors.take(item.envelope.event, item.stamp)
    return count, size, clock.monotonic() - began


async def _timelines(profile: Profile, cap: int) -> tuple[int, int]:
    """How many accounts there are, and about how many rows their timelines have."""
    ids: list[int] = []
    while (page := await profile.views.account_ids(ids[-1] if ids else None, _PAGE)).size:
        ids += page.tolist()
    sample = random.sample(ids, min(_TIMELINES, len(ids)))
    found = [(await profile.views.timeline(user, Span(limit=cap))).tweets.size for user in sample]
    return len(ids), round(sum(found) * len(ids) / max(len(sample), 1))
