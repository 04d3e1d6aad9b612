"""Commands that run at once, except where one must be acknowledged before the next is sent."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

_AT_ONCE: Final = 32

Step = Callable[[], Awaitable[object]]
Lane = Sequence[Step]
"""Steps of which each must be acknowledged before the next one is sent."""


async def run_lanes(lanes: Iterable[Lane]) -> None:
    """All lanes at once, within bounds; the steps of a lane in turn."""
    turn = asyncio.Semaphore(_AT_ONCE)

    async def run(lane: Lane) -> None:
        async with turn:
            for step in lane:
                await step()

    await asyncio.gather(*(run(lane) for lane in lanes))
