"""What the routes of operators work with, and the long orders among what they are asked."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

import orjson
import structlog

from app.admin.schemas import OrderOut
from app.aside import Aside
from foldline.clock import Clock
from foldline.errors import ConflictError, FoldlineError, NotFoundError
from foldline.profiles import Profile
from foldline.settings import Settings
from foldline.web.schemas import rfc3339

_KEPT_MAX: Final = 100
_RUNNING_MAX: Final = 4
_logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Operation:
    """An opened profile, and what works beside the service."""

    profile: Profile
    settings: Settings
    clock: Clock
    aside: Aside
    orders: "Orders"

    async def close(self) -> None:
        """End what is carried out."""
        await self.aside.close()
        await self.orders.close()


def operation_of(profile: Profile, settings: Settings, clock: Clock) -> Operation:
    """Over an opened profile; nothing is carried out yet."""
    return Operation(profile, settings, clock, Aside(settings), Orders(clock))


class Orders:
    """Orders of this process: those that run, and the last that ended with their answers."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._numbers = count(1)
        self._orders: OrderedDict[int, OrderOut] = OrderedDict()
        self._running: dict[int, asyncio.Task[None]] = {}

    def begin(self, what: str, work: Awaitable[Any]) -> OrderOut:
        """Let it run, and tell which order it is. Its answer is a dataclass. Raises
        `ConflictError` while too many run."""
        working = asyncio.ensure_future(work)
        if len(self._running) >= _RUNNING_MAX:
            working.cancel()
            raise ConflictError(f"{_RUNNING_MAX} orders are carried out already: wait for one")
        number = next(self._numbers)
        begun = rfc3339(self._clock.now_ms())
        self._orders[number] = OrderOut(order_id=str(number), what=what, begun_at=begun)
        if len(self._orders) > _KEPT_MAX:
            oldest = next(n for n in self._orders if n not in self._running)
            del self._orders[oldest]
        self._running[number] = asyncio.create_task(self._carry_out(number, working))
        return self._orders[number]

    def get(self, number: int) -> OrderOut:
        """One of them. Raises `NotFoundError`."""
        if number not in self._orders:
            raise NotFoundError(f"this process was given no order {number}, or has forgotten it")
        return self._orders[number]

    async def close(self) -> None:
        """Carry out no more."""
        for task in list(self._running.values()):
            task.cancel()
            await asyncio.wait([task])

    async def _carry_out(self, number: int, working: asyncio.Future[Any]) -> None:
        news: dict[str, Any]
        try:
            answer = orjson.dumps(await working, option=orjson.OPT_NON_STR_KEYS)
            news = {"state": "done", "answer": orjson.loads(answer)}
        except FoldlineError as error:
            news = {"state": "refused", "error": str(error)}
        except Exception:
            _logger.exception("an order failed", order=number)
            news = {"state": "failed", "error": "a fault of the service: its log says more"}
        finally:
            working.cancel()
            del self._running[number]
        ended = rfc3339(self._clock.now_ms())
        self._orders[number] = self._orders[number].model_copy(update=news | {"ended_at": ended})
