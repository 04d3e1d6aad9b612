"""The views in SQLite: one file a generation."""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from foldline.core.effects import Effect
from foldline.core.position import PARTITIONS_MAX, Position, keyed
from foldline.errors import ViewsUnavailableError
from foldline.generation import Generation
from foldline.settings import Settings
from foldline.sqlite import Database, Owner, answer
from foldline.views.port import DeadLetter, Views
from foldline.views.sqlite_reads import SqliteReads
from foldline.views.sqlite_rows import write_effects, write_progress

MIGRATIONS: Final = (Path(__file__).with_suffix(".sql").read_text(),)
"""As `cql/views`: what is applied to each generation, in this order."""

_PROGRESS: Final = """
SELECT json_group_array(json_array(log_partition, next_offset)) FROM progress
WHERE log_partition >= ? AND log_partition < ?
"""
_DEAD_LETTERS: Final = """
SELECT json_group_array(json_array(log_partition, log_offset, error, value IS NULL, hex(value), (
    SELECT json_group_array(json_array(to_partition, to_offset)) FROM dead_letter_replays AS copy
    WHERE copy.log_partition = letter.log_partition AND copy.log_offset = letter.log_offset
)))
FROM (
    SELECT * FROM dead_letters WHERE (log_partition, log_offset) > (?, ?) AND log_partition < ?
    ORDER BY log_partition, log_offset LIMIT ?
) AS letter
"""
_MARK_REPLAYED: Final = """
INSERT INTO dead_letter_replays (log_partition, log_offset, to_partition, to_offset)
VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING
"""


async def open_sqlite_views(settings: Settings, generation: Generation) -> Views:
    """The views of a generation in the data directory, made where there are none.

    Raises `ViewsUnavailableError`.
    """
    owner = Owner(
        synchronous="NORMAL",  # what a power cut takes is folded again from progress, lost with it
        unavailable=ViewsUnavailableError,
        unknown=ViewsUnavailableError,
        busy_timeout_s=settings.store_timeout_s / 2,
        queue_max=settings.sqlite_queue_max,
    )
    path = settings.data_dir / f"views-g{generation.number}.sqlite"
    database = await Database.open(path, MIGRATIONS, owner, settings)
    return SqliteViews(database, settings.rows_per_part, settings.log_epoch)


class SqliteViews(SqliteReads):
    """`views.port.Views` on a database file. A batch is one transaction, progress included."""

    def __init__(self, database: Database, rows_per_part: int, epoch: int) -> None:
        super().__init__(database)
        self._first = keyed(0, epoch)
        self._rows_per_part = rows_per_part

    @property
    def _of_epoch(self) -> tuple[int, int]:
        """The keys of this log's partitions: from, and up to but without."""
        return self._first, self._first + PARTITIONS_MAX

    async def apply(self, effects: Sequence[Effect], progress: Mapping[int, int]) -> None:
        offsets = [(self._first + partition, offset) for partition, offset in progress.items()]

        def write(connection: sqlite3.Connection) -> None:
            write_effects(connection, effects, self._rows_per_part)
            write_progress(connection, offsets)

        await self._database.write(write)

    async def progress(self) -> dict[int, int]:
        rows = await self._database.read(lambda c: answer(c, _PROGRESS, *self._of_epoch))
        return {key - self._first: offset for key, offset in rows}

    async def dead_letters(self, after: Position | None, limit: int) -> list[DeadLetter]:
        behind = after or Position(-1, -1)
        bounds = (max(self._first + behind.partition, self._of_epoch[0]), behind.offset)
        rows = await self._database.read(
            lambda c: answer(c, _DEAD_LETTERS, *bounds, self._of_epoch[1], limit)
        )
        return [
            DeadLetter(
                Position(key - self._first, offset),
                error,
                None if null else bytes.fromhex(value),
                tuple(sorted(Position(*copy) for copy in copies)),
            )
            for key, offset, error, null, value, copies in rows
        ]

    async def dead_letter(self, at: Position) -> DeadLetter | None:
        found = await self.dead_letters(Position(at.partition, at.offset - 1), 1)
        return found[0] if found and found[0].position == at else None

    async def mark_replayed(self, at: Position, to: Position) -> None:
        place = self._first + at.partition, at.offset
        await self._database.write(lambda c: c.execute(_MARK_REPLAYED, (*place, *to)))

    async def close(self) -> None:
        await self._database.close()
