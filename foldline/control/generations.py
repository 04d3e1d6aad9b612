"""The part of the control store's port that is about generations: which there are, which is served,
how each was built. A port of its own, since hosts and rebuilds need nothing else."""

from typing import Protocol

from foldline.generation import Build, Generation


class Generations(Protocol):
    """All methods raise `ControlUnavailableError` where the store can't answer."""

    async def active_generation(self) -> Generation:
        """The generation that is served."""

    async def generations(self) -> list[Generation]:
        """All that were not dropped, by number: built ones and those that are being built."""

    async def builds(self) -> list[Build]:
        """How each generation but the first was built, by number; dropped ones too."""

    async def begin_build(self, build: Build) -> bool:
        """Make a generation known, and that it is being built. Whether it is this one that stands
        under its number. Repeatable, with the build as it stands by then: one that was cut off may
        stand and its generation not be known."""

    async def change_build(self, old: Build, new: Build) -> bool:
        """Put `new` in the place of `old`, whose revision it must follow. Whether it stands."""

    async def activate(self, number: int, instead_of: int) -> bool:
        """Serve generation `number`, if `instead_of` is the one that is served. Whether `number`
        is served afterwards. Repeatable."""

    async def forget_generation(self, number: int) -> None:
        """It is no longer among `generations`; how it was built stays known. Repeatable."""

    async def repairs(self, number: int) -> int:
        """How often a generation was written in place; what is cached of it from before the last
        time may be wrong."""

    async def note_repair(self, number: int) -> None:
        """It was, once more. A repeat counts again."""

    async def log_epoch(self) -> int:
        """Of the log that the views follow: how often it was migrated."""

    async def begin_epoch(self, epoch: int) -> bool:
        """They follow the log of the next epoch from now on. Whether they do; repeatable."""

    async def hold_lease(self, name: str, holder: str, ttl_s: int) -> str:
        """Take or renew a lease for `ttl_s` seconds, unless another holds it; who holds it."""

    async def give_lease(self, name: str, holder: str) -> None:
        """Give a lease back. Repeatable; nothing if another holds it."""
