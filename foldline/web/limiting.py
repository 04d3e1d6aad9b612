"""How much anybody may ask for: budgets per user, per address and per name.

Counted in Redis, so that all processes share them, or in memory. While Redis can't answer, each
process counts for itself: a limit is never a reason to fail.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.aio.storage import RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError

from foldline.clock import Clock
from foldline.settings import Settings
from foldline.web.counting import MemoryCounters

Budget = Literal["tweets", "follows", "login", "reads"]
_VERIFIED_TIMES: Final = 5
_APART_S: Final = 1.0  # that Redis is left alone after a failure
_KNOWN_MAX: Final = 100_000  # callers that a process counts by itself


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a budget. `reset_s`: until it is whole again."""

    name: str
    limit: int
    window_s: int
    remaining: int
    reset_s: int
    allowed: bool


class Limiter:
    """Counts requests against the budgets of the settings."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.on: Final = settings.limits == "on"
        self._clock = clock
        self._memory = FixedWindowRateLimiter(MemoryCounters(_KNOWN_MAX))
        self._shared = self._memory
        self._apart_until = 0.0
        self._redis: RedisStorage | None = None
        if self.on and settings.profile == "distributed":
            self._redis = _redis(settings)
            self._shared = FixedWindowRateLimiter(self._redis)
        self._by_user = {
            "tweets": _per(settings.limit_tweets, 3 * 3600),
            "follows": _per(settings.limit_follows, 24 * 3600),
            "reads": _per(settings.limit_reads, 15 * 60),
        }
        self._by_address = {"reads": _per(settings.limit_reads_per_ip, 5 * 60)}
        self._login = _per(settings.limit_login, 60)

    async def take(
        self, budget: Budget, user_id: int | None, address: str, *, verified: bool = False
    ) -> Sequence[Allowance]:
        """Count one request of this budget; what is left, the scarcest first."""
        if not self.on:
            return ()
        asked: list[tuple[RateLimitItem, str]] = []
        if budget == "login":
            asked.append((self._login, f"login/{address}"))
        elif user_id is not None:
            item = self._by_user[budget]
            times = _VERIFIED_TIMES if verified else 1
            asked.append((_per(item.amount * times, item.get_expiry()), f"{budget}/{user_id}"))
        if budget in self._by_address:
            asked.append((self._by_address[budget], f"{budget}/{address}"))
        found = [await self._count(budget, item, whose) for item, whose in asked]
        return sorted(found, key=lambda left: (left.allowed, left.remaining))

    async def take_name(self, username: str) -> Sequence[Allowance]:
        """Count one attempt to log in under a name."""
        if not self.on:
            return ()
        return [await self._count("login", self._login, f"name/{username}")]

    async def close(self) -> None:
        """Give back the connections. Idempotent."""
        if self._redis is not None:
            client: Any = self._redis.bridge.storage  # type: ignore[attr-defined]
            await client.aclose()

    async def _count(self, name: str, item: RateLimitItem, whose: str) -> Allowance:
        if self._shared is not self._memory and self._clock.monotonic() >= self._apart_until:
            try:
                return await _counted(self._shared, name, item, whose)
            except (StorageError, OSError):
                self._apart_until = self._clock.monotonic() + _APART_S
        return await _counted(self._memory, name, item, whose)


async def _counted(
    limiter: FixedWindowRateLimiter, name: str, item: RateLimitItem, whose: str
) -> Allowance:
    allowed = await limiter.hit(item, whose)
    window = await limiter.get_window_stats(item, whose)
    left_s = max(1, round(window.reset_time - time.time()))
    return Allowance(name, item.amount, item.get_expiry(), window.remaining, left_s, allowed)


def _per(amount: int, seconds: int) -> RateLimitItem:
    return RateLimitItemPerSecond(amount, seconds)


def _redis(settings: Settings) -> RedisStorage:
    patience_s = settings.redis_timeout_s
    return RedisStorage(
        f"async+{settings.redis_url}",
        wrap_exceptions=True,
        implementation="redispy",
        key_prefix=f"{settings.keyspace}:limits",
        socket_timeout=patience_s,
        socket_connect_timeout=patience_s,
    )
