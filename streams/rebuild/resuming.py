"""A rebuild that nobody works on is taken up: it was ordered over the API, or it was cut off.

Every host of projectors looks for one. The lease sees to it that only one of them works.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from foldline.control.generations import Generations
from foldline.errors import ConflictError, FoldlineError
from foldline.generation import UNFINISHED, Stage
from streams.rebuild.job import LEASE, is_gone

_LOOK_EVERY_S: Final = 1.0
_AGAIN_MAX_S: Final = 60.0
_logger = structlog.get_logger()


class Resuming:
    """Looks each second, until it is stopped."""

    def __init__(
        self, control: Generations, lease_s: int, take_up: Callable[[], Awaitable[object]]
    ) -> None:
        """`take_up` goes on with what is unfinished, to its end; it takes the lease itself."""
        self._control = control
        self._lease_s = lease_s
        self._take_up = take_up
        self._name = f"resuming:{socket.gethostname()}:{os.getpid()}"
        self._looking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._looking = asyncio.create_task(self._look(), name="resuming")

    async def stop(self) -> None:
        """Look no more. Idempotent."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])

    async def _look(self) -> None:
        again_s = _LOOK_EVERY_S
        while True:
            await asyncio.sleep(again_s)
            try:
                if await self._unattended():
                    _logger.warning("a rebuild that nobody works on is taken up")
                    await self._take_up()
                again_s = _LOOK_EVERY_S
            except ConflictError as error:  # it was cancelled, or another was first
                _logger.warning("a rebuild is let go", why=str(error))
            except FoldlineError as error:
                again_s = min(2 * again_s, _AGAIN_MAX_S)
                _logger.warning("a rebuild is tried again", why=str(error), in_s=again_s)
            except Exception:
                again_s = min(2 * again_s, _AGAIN_MAX_S)
                _logger.exception("a rebuild is tried again", in_s=again_s)

    async def _unattended(self) -> bool:
        """Whether something is to be done and nobody does it."""
        builds = await self._control.builds()
        if not any(build.stage in (*UNFINISHED, Stage.CANCELLED) for build in builds):
            return False
        holder = await self._control.hold_lease(LEASE, self._name, self._lease_s)
        if holder != self._name and not is_gone(holder):
            return False
        await self._control.give_lease(LEASE, holder)
        return True
