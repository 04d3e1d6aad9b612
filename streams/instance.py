"""A worker instance: its group, that there is one only, and what it says of itself."""

import json
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from foldline.errors import ConflictError
from foldline.generation import Generation
from foldline.process_lock import only_process
from foldline.settings import Settings


def group_of(settings: Settings, generation: Generation) -> str:
    """The consumer group that folds the log into a generation."""
    return f"{settings.log_name}-g{generation.number}"


def folding(settings: Settings, generation: Generation) -> Settings:
    """The settings by which the log is folded into a generation. An instance that folds into
    another than the first does so under a name of its own, since it may fold into both."""
    suffix = "" if generation.number == 1 else f"-g{generation.number}"
    return settings.model_copy(
        update={
            "cap": generation.cap or settings.cap,
            "worker_instance": f"{settings.worker_instance}{suffix}",
        }
    )


def only_instance(settings: Settings) -> AbstractContextManager[None]:
    """Be the one process of this instance id in this data directory. Kafka does not fence a second
    one: both would work. `ConflictError` if another process is."""

    def refusal(holder: str) -> ConflictError:
        return ConflictError(
            f"worker {settings.worker_instance!r} runs already, as process {holder}: "
            "give this one another --instance"
        )

    return only_process(settings.data_dir / f"{settings.worker_instance}.lock", refusal)


@dataclass(frozen=True, slots=True)
class InstanceStatus:
    """What a worker last said. `written_at`: ms since 1970; `progress` and `halted` by partition;
    `trouble`: why it can't go on now."""

    pid: int
    written_at: int
    progress: dict[int, int] = field(default_factory=dict)
    halted: dict[int, str] = field(default_factory=dict)
    trouble: str | None = None

    def write(self, settings: Settings) -> None:
        """Put it where `read` finds it, whole."""
        path = _path(settings)
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(self)))
        draft.replace(path)

    @classmethod
    def read(cls, settings: Settings) -> Self | None:
        """The last one written, if there is any."""
        try:
            said = json.loads(_path(settings).read_text())
        except FileNotFoundError:
            return None
        return cls(
            pid=said["pid"],
            written_at=said["written_at"],
            progress={int(p): offset for p, offset in said["progress"].items()},
            halted={int(p): why for p, why in said["halted"].items()},
            trouble=said["trouble"],
        )


def _path(settings: Settings) -> Path:
    return settings.data_dir / f"{settings.worker_instance}.status.json"
