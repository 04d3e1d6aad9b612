"""Keeping every generation current: a host of projectors for each, while there are two.

Which generations there are is looked up each second. One that is being built has no host until it
is handed over; one that was dropped has none any more. One that was repaired has a new one, since
the old may have read what was wrong.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic, Protocol, TypeVar

import structlog

from foldline.control.generations import Generations
from foldline.errors import FoldlineError
from foldline.generation import Generation, Stage

_LOOK_EVERY_S: Final = 1.0
_logger = structlog.get_logger()


class Host(Protocol):
    """Folds the log into one generation, until it is stopped."""

    async def stop(self) -> None:
        """End, with what is in hand written whole or left to be folded again. Idempotent."""


Kept = TypeVar("Kept", bound=Host)


async def kept(control: Generations) -> list[Generation]:
    """The generations that are to be kept current, by number."""
    away = {build.number for build in await control.builds() if build.stage != Stage.FOLLOWING}
    return [each for each in await control.generations() if each.number not in away]


class Keeping(Generic[Kept]):
    """The hosts of this process, by generation."""

    def __init__(
        self, control: Generations, begin: Callable[[Generation], Awaitable[Kept]]
    ) -> None:
        """`begin` starts a host."""
        self.hosts: dict[int, Kept] = {}
        self._control = control
        self._repairs: dict[int, int] = {}
        self._begin = begin
        self._following: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin what there is to keep, and follow the changes. Raises what keeps the first from
        beginning."""
        await self._look()
        self._following = asyncio.create_task(self._follow(), name="generations")

    async def stop(self) -> None:
        """Stop all hosts. Idempotent."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.wait([self._following])
        await asyncio.gather(*(host.stop() for host in self.hosts.values()))
        self.hosts.clear()

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            try:
                await self._look()
            except FoldlineError as error:
                _logger.warning("generations are left as they are", why=str(error))
            except Exception:
                _logger.exception("generations are left as they are")

    async def _look(self) -> None:
        wanted = {each.number: each for each in await kept(self._control)}
        repairs = {number: await self._control.repairs(number) for number in wanted}
        for number in self.hosts.keys() - wanted.keys():
            _logger.info("a generation is kept no more", generation=number)
            await self.hosts.pop(number).stop()
        for number in self.hosts.keys() & wanted.keys():
            if repairs[number] != self._repairs[number]:
                _logger.info("a generation was repaired", generation=number)
                await self.hosts.pop(number).stop()
        self._repairs = repairs
        for number in sorted(wanted.keys() - self.hosts.keys()):
            _logger.info("a generation is kept", generation=number)
            self.hosts[number] = await self._begin(wanted[number])
