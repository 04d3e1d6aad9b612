"""`foldline status`: how far the views are, without starting anything."""

import asyncio
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from app import auditing
from foldline.profiles import Profile
from foldline.settings import Settings


@dataclass(frozen=True, slots=True)
class PartitionStatus:
    """One partition: the log's next offset, and the next one that the views wait for."""

    partition: int
    log_end: int
    progress: int
    lag: int


@dataclass(frozen=True, slots=True)
class Status:
    """An installation at one moment. `audit`: the last sample in which something was wrong."""

    profile: str
    generation: int
    lag: int
    dead_letters: str
    partitions: list[PartitionStatus]
    audit: dict[str, Any] | None = None


_LETTERS_SHOWN = 100
_EXAMPLES_SHOWN = 5


async def status_of(profile: Profile, settings: Settings) -> Status:
    """What the log and the views say now."""
    progress = await profile.views.progress()
    partitions = [
        PartitionStatus(p, end, progress.get(p, 0), max(end - progress.get(p, 0), 0))
        for p, end in enumerate(await profile.log.ends())
    ]
    letters = len(await profile.views.dead_letters(None, _LETTERS_SHOWN))
    return Status(
        profile=settings.profile,
        generation=profile.generation.number,
        lag=sum(each.lag for each in partitions),
        dead_letters=f"{letters}+" if letters == _LETTERS_SHOWN else str(letters),
        partitions=partitions,
        audit=await asyncio.to_thread(auditing.last, settings),
    )


def show(status: Status, console: Console) -> None:
    """The status for a person."""
    console.print(
        f"profile {status.profile}  ·  generation {status.generation}  ·  "
        f"lag {status.lag:,}  ·  dead letters {status.dead_letters}"
    )
    table = Table(box=None, pad_edge=False)
    for column in ("partition", "log end", "progress", "lag"):
        table.add_column(column, justify="right")
    for each in status.partitions:
        table.add_row(*(f"{value:,}" for value in asdict(each).values()))
    console.print(table)
    if status.audit is not None:
        at = datetime.fromtimestamp(status.audit["at"] / 1000, UTC)
        right = "repaired" if status.audit["repaired"] else "not repaired"
        console.print(f"audit, {at:%Y-%m-%d %H:%M:%S}: {status.audit['wrong']:,} wrong, {right}")
        for example in status.audit["examples"][:_EXAMPLES_SHOWN]:
            console.print(f"  {example}", markup=False)
