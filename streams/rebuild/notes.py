"""The folder of a rebuild: how far each part of the work is, and how fast it may go on.

The parts run as processes of their own. Each notes how far it is in a file of its own, by which the
parent tells its progress; the parent notes the pace, which all of them look at each second. A
process whose parent is gone ends by itself: what it wrote is what its successor would write.
"""

import asyncio
import os
import shutil
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from foldline.errors import FoldlineError, UnavailableError
from foldline.settings import Settings

_LOOK_EVERY_S: Final = 0.5
_PAUSED_POLL_S: Final = 0.2
_SLEEP_MAX_S: Final = 30.0
_AGAIN_MAX_S: Final = 2.0
_PIECES: Final = 200  # that work is cut into while it is slowed down
_logger = structlog.get_logger()


class AbandonedError(FoldlineError):
    """This part of a rebuild is to end: it was cancelled, or who began it is gone."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Where a rebuild keeps what it can go on from."""

    path: Path

    @classmethod
    def of(cls, settings: Settings, number: int) -> "Folder":
        """The folder of generation `number`, which need not be there."""
        return cls(settings.data_dir / f"rebuild-g{number}")

    def make(self) -> None:
        """Make it, if need be."""
        self.path.mkdir(parents=True, exist_ok=True)

    def segment(self, partition: int, shard: int) -> Path:
        return self.path / f"partition-{partition}-{shard}.npz"

    def spill(self, partition: int, shard: int) -> Path:
        return self.path / f"partition-{partition}-{shard}.events"

    def segments(self) -> list[Path]:
        """All that stand."""
        return sorted(self.path.glob("partition-*.npz"))

    def done(self, part: str) -> int:
        """How far a part is: what it last noted, 0 at first."""
        try:
            return int((self.path / f"{part}.at").read_text())
        except FileNotFoundError:
            return 0

    def noted(self, pattern: str) -> dict[str, int]:
        """The parts that noted anything, and what."""
        parts = [path.stem for path in self.path.glob(f"{pattern}.at")]
        return {part: self.done(part) for part in parts}

    def note(self, part: str, done: int) -> None:
        """How far a part is from here on, also after a kill."""
        self._write(self.path / f"{part}.at", str(done))

    def fixed(self, name: str, value: int) -> int:
        """The number that was noted under this name first: what is gone on with keeps its shape."""
        if not (found := self.done(name)):
            self.note(name, found := value)
        return found

    def shards(self, partition: int) -> int:
        """Into how many shards a partition is dealt; 0 until that is known."""
        return self.done(f"shards-{partition}")

    def set_shards(self, partition: int, shards: int) -> None:
        """For good: what is gone on with keeps its shape."""
        self.note(f"shards-{partition}", shards)

    @property
    def pace(self) -> float:
        """The share of its time that a part may work; 0 is a pause."""
        try:
            return float((self.path / "pace").read_text())
        except FileNotFoundError:
            return 1.0

    def set_pace(self, pace: float) -> None:
        """For all parts, from their next look on."""
        self._write(self.path / "pace", str(pace))

    def abandon(self) -> None:
        """All parts are to end, from their next look on."""
        self._write(self.path / "abandoned", "")

    @property
    def abandoned(self) -> bool:
        return (self.path / "abandoned").exists()

    def take_up(self) -> None:
        """Go on with it, after all."""
        (self.path / "abandoned").unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete all of it. Idempotent."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _write(self, path: Path, text: str) -> None:
        draft = path.with_name(f"{path.name}.draft")
        draft.write_text(text)
        draft.replace(path)


class Pacer:
    """Keeps a part to its pace: called after each piece of work, it sleeps as long as is due."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._pace = folder.pace
        self._looked_at = self._since = time.monotonic()
        self._parent = os.getppid()

    def piece(self, most: int) -> int:
        """How much to do until the next rest: less where others shall not notice."""
        return most if self._pace >= 1.0 else max(most // _PIECES, 1)

    async def rest(self) -> None:
        """Sleep for what was worked since the last call. Raises `AbandonedError`."""
        now = time.monotonic()
        worked = now - self._since
        if now - self._looked_at >= _LOOK_EVERY_S:
            self._look(now)
        while self._pace == 0.0:
            await asyncio.sleep(_PAUSED_POLL_S)
            self._look(time.monotonic())
        if self._pace < 1.0:
            await asyncio.sleep(min(worked * (1 / self._pace - 1), _SLEEP_MAX_S))
        self._since = time.monotonic()

    async def steadily(self, call: Callable[[], Awaitable[None]]) -> None:
        """Do `call`, again and again while a store can't answer, and somebody waits for it."""
        pause_s = _PAUSED_POLL_S
        while True:
            try:
                return await call()
            except UnavailableError as error:
                _logger.warning("a rebuild tries again", why=str(error))
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _AGAIN_MAX_S)
            self._look(time.monotonic())

    def _look(self, now: float) -> None:
        if self._folder.abandoned or os.getppid() != self._parent:
            raise AbandonedError("nobody waits for this part of the rebuild any more")
        self._pace, self._looked_at = self._folder.pace, now
