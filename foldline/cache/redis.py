"""The shared cache in Redis.

Redis may be flushed, killed, restored from an old copy, or out of reach while others use it. So
what it holds is believed within a session only, by two rules:

- A session believes what was leased after it began. One that could not make a drop is over.
- A session counts its drops, in Redis too. Where the counts differ, Redis was put back to an
  earlier state, or a drop is still under way: nothing is believed.

No clock of this machine is read for that, and no process depends on another one's drops.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from foldline.cache import redis_scripts
from foldline.cache.breaker import Breaker
from foldline.cache.port import Cache, Found
from foldline.clock import SystemClock
from foldline.settings import Settings
from foldline.telemetry import random_hex

_KEYS_MAX: Final = 1_000  # of one call: Redis does nothing else meanwhile
_LEASE_MS: Final = 5_000
_SESSION_S: Final = 86_400
_FAILURES: Final = 3
_REST_S: Final = 1.0
_log = structlog.get_logger(__name__)


class _Failed(Exception):  # noqa: N818 - it never leaves this file
    """Redis did not answer, or was not asked."""


@dataclass
class _Session:
    name: str
    clock: bytes
    drops: int = 0


async def open_redis_cache(settings: Settings, prefix: str) -> Cache:
    """The cache at the settings' address, under keys of this prefix. Nobody need answer there."""
    pool = BlockingConnectionPool.from_url(
        settings.redis_url,
        max_connections=settings.redis_connections,
        timeout=settings.redis_timeout_s,
        socket_timeout=settings.redis_timeout_s,
        socket_connect_timeout=settings.redis_timeout_s,
        retry=Retry(NoBackoff(), 0),
        driver_info=None,
        protocol=2,
    )
    return RedisCache(Redis(connection_pool=pool), prefix, settings.redis_timeout_s)


class RedisCache:
    """`cache.port.Cache` in Redis."""

    def __init__(self, redis: Redis, prefix: str, timeout_s: float) -> None:
        self._redis = redis
        self._prefix = prefix
        self._timeout_s = timeout_s
        self._breaker = Breaker(_FAILURES, _REST_S, SystemClock())
        self._open = redis.register_script(redis_scripts.OPEN)
        self._get = redis.register_script(redis_scripts.GET)
        self._set = redis.register_script(redis_scripts.SET)
        self._drop = redis.register_script(redis_scripts.DROP)
        self._session: _Session | None = None
        self._forgotten = 0
        self._opening = asyncio.Lock()
        self._dropping = asyncio.Lock()

    async def get_many(self, keys: Sequence[str]) -> Found:
        try:
            session = await self._current()
            drops, asked = session.drops, keys[:_KEYS_MAX]
            entries = [self._clock_key, self._session_key(session.name), *map(self._entry, asked)]
            args = [drops, session.clock, random_hex(16), _LEASE_MS]
            answer = await self._call(self._get, entries, args)
        except _Failed:
            return Found()
        if self._session is not session or session.drops != drops:
            return Found()
        if answer is None:
            if not self._dropping.locked():
                self._session = None
                _log.warning("redis lost what it held", cache=self._prefix)
            return Found()
        lease, *values = answer
        return Found({k: v for k, v in zip(asked, values, strict=True) if v is not None}, lease)

    async def set_many(self, values: Mapping[str, bytes], lease: bytes, ttl_s: float) -> None:
        kept = list(values.items())[:_KEYS_MAX]
        args = [lease, max(int(ttl_s * 1000), 1), *(value for _, value in kept)]
        try:
            await self._call(self._set, [self._entry(key) for key, _ in kept], args)
        except _Failed:
            return

    async def drop_many(self, keys: Collection[str]) -> None:
        left = [self._entry(key) for key in keys]
        async with self._dropping:
            try:
                session = await self._current()
                while left:
                    await self._drop_some(session, left[:_KEYS_MAX])
                    del left[:_KEYS_MAX]
            except _Failed:
                self._session = None
            except BaseException:
                self._session = None  # cancelled: whether it got through is not known
                raise

    def forget(self) -> None:
        self._forgotten += 1
        self._session = None

    async def close(self) -> None:
        await self._redis.aclose()
        await self._redis.connection_pool.disconnect()

    async def _drop_some(self, session: _Session, entries: list[str]) -> None:
        counted = await self._call(
            self._drop, [self._session_key(session.name), *entries], [session.drops, _SESSION_S]
        )
        session.drops += 1
        if not counted:
            raise _Failed

    async def _current(self) -> _Session:
        """The session, or a new one."""
        if (session := self._session) is not None:
            return session
        async with self._opening:
            return self._session or await self._begin()

    async def _begin(self) -> _Session:
        forgotten = self._forgotten
        name = random_hex(16)
        keys = [self._clock_key, self._session_key(name)]
        session = _Session(name, await self._call(self._open, keys, [_SESSION_S]))
        if forgotten != self._forgotten:
            raise _Failed  # it may have begun before that
        self._session = session
        return session

    async def _call(self, script: Any, keys: list[str], args: list[Any]) -> Any:
        if self._breaker.is_open():
            raise _Failed
        try:
            async with asyncio.timeout(2 * self._timeout_s):
                answer = await script(keys, args)
        except (RedisError, OSError) as error:  # a time-out is an OSError
            self._breaker.failed()
            if self._breaker.is_open():
                _log.warning("redis is left alone for a while", why=repr(error))
            raise _Failed from error
        self._breaker.worked()
        return answer

    @property
    def _clock_key(self) -> str:
        return f"{self._prefix}:clock"

    def _session_key(self, name: str) -> str:
        return f"{self._prefix}:session:{name}"

    def _entry(self, key: str) -> str:
        return f"{self._prefix}:{key}"
