"""How much anybody may ask for: budgets per user, per address and per name.

Counted in Redis, so that all processes share them, or in memory. What is counted of reads is
gathered (`gathering`); anything else asks Redis each time. While Redis can't answer, each process
counts for itself: a limit is never a reason to fail.
"""

import time
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.aio.storage import RedisStorage
from limits.aio.storage.base import Storage
from limits.errors import StorageError
from redis.asyncio import Redis

from foldline.clock import Clock
from foldline.settings import Settings
from foldline.web.counting import MemoryCounters
from foldline.web.gathering import GatheredCounters

Budget = Literal["accounts", "tweets", "follows", "login", "reads"]
_VERIFIED_TIMES: Final = 5
_APART_S: Final = 1.0  # that Redis is left alone after a failure
_KNOWN_MAX: Final = 100_000  # callers that a process counts by itself


class Allowance(NamedTuple):
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
        self._memory = MemoryCounters(_KNOWN_MAX)
        self._apart_until = 0.0
        self._redis: Redis | None = None
        self._exact: Storage = self._memory
        self._gathered: GatheredCounters | None = None
        if self.on and settings.profile == "distributed":
            self._redis = _redis(settings)
            self._exact = _exact(settings, self._redis)
            prefix = f"{settings.keyspace}:gathered"
            self._gathered = GatheredCounters(self._redis, prefix, _KNOWN_MAX)
        self._by_user = {
            "tweets": _pair(settings.limit_tweets, 3 * 3600),
            "follows": _pair(settings.limit_follows, 24 * 3600),
            "reads": _pair(settings.limit_reads, 15 * 60),
        }
        self._by_address = {
            "accounts": _per(settings.limit_accounts, 3600),
            "reads": _per(settings.limit_reads_per_ip, 5 * 60),
        }
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
        elif user_id is not None and budget in self._by_user:
            asked.append((self._by_user[budget][verified], f"{budget}/{user_id}"))
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
        if self._gathered is not None:
            await self._gathered.close()
        if self._redis is not None:
            await self._redis.aclose()

    async def _count(self, name: str, item: RateLimitItem, whose: str) -> Allowance:
        if name == "reads":
            return await _counted(self._gathered or self._memory, name, item, whose)
        if self._exact is not self._memory and self._clock.monotonic() >= self._apart_until:
            try:
                return await _counted(self._exact, name, item, whose)
            except (StorageError, OSError):
                self._apart_until = self._clock.monotonic() + _APART_S
        return await _counted(self._memory, name, item, whose)


async def _counted(storage: Storage, name: str, item: RateLimitItem, whose: str) -> Allowance:
    key, amount, window_s = item.key_for(whose), item.amount, item.get_expiry()
    count = await storage.incr(key, window_s)
    left_s = window_s
    if count > 1:
        left_s = max(1, round(await storage.get_expiry(key) - time.time()))
    return Allowance(name, amount, window_s, max(0, amount - count), left_s, count <= amount)


def _pair(amount: int, seconds: int) -> tuple[RateLimitItem, RateLimitItem]:
    """Of any account, and of a verified one."""
    return _per(amount, seconds), _per(amount * _VERIFIED_TIMES, seconds)


def _per(amount: int, seconds: int) -> RateLimitItem:
    return RateLimitItemPerSecond(amount, seconds)


def _redis(settings: Settings) -> Redis:
    patience_s = settings.redis_timeout_s
    return Redis.from_url(
        settings.redis_url, socket_timeout=patience_s, socket_connect_timeout=patience_s
    )


def _exact(settings: Settings, redis: Redis) -> Storage:
    return RedisStorage(
        f"async+{settings.redis_url}",
        wrap_exceptions=True,
        implementation="redispy",
        key_prefix=f"{settings.keyspace}:limits",
        connection_pool=redis.connection_pool,  # type: ignore[arg-type]  # it takes one
    )
