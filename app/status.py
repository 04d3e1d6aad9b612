"""`foldline status`: how far the views are, without starting anything."""

from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from foldline.profiles import Profile


@dataclass(frozen=True, slots=True)
class PartitionStatus:
    """One partition: the log's next offset, and the next one that the views wait for."""

    partition: int
    log_end: int
    progress: int
    lag: int


@dataclass(frozen=True, slots=True)
class Status:
    """An installation at one moment."""

    profile: str
    generation: int
    lag: int
    dead_letters: str
    partitions: list[PartitionStatus]


_LETTERS_SHOWN = 100


async def status_of(profile: Profile, name: str) -> Status:
    """What the log and the views say now."""
    progress = await profile.views.progress()
    partitions = [
        PartitionStatus(p, end, progress.get(p, 0), max(end - progress.get(p, 0), 0))
        for p, end in enumerate(await profile.log.ends())
    ]
    letters = len(await profile.views.dead_letters(None, _LETTERS_SHOWN))
    return Status(
        profile=name,
        generation=profile.generation.number,
        lag=sum(each.lag for each in partitions),
        dead_letters=f"{letters}+" if letters == _LETTERS_SHOWN else str(letters),
        partitions=partitions,
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
