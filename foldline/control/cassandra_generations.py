"""Generations in the control keyspace. Every write is an LWT."""

from typing import Final

import msgspec

from foldline.cassandra import CassandraSession
from foldline.errors import MisconfiguredError
from foldline.generation import Build, Generation

_LOG_EPOCH: Final = "log epoch"


class CassandraGenerations:
    """`control.generations.Generations` on the control keyspace."""

    def __init__(self, session: CassandraSession) -> None:
        self._session = session

    async def active_generation(self) -> Generation:
        active = await self._session.rows("active_generation")
        rows = await self._session.rows("generation", active[0][0]) if active else []
        if not rows:
            raise MisconfiguredError("no generation is active: run `foldline migrate`")
        built = [_build(*row) for row in await self._session.rows("build", active[0][0])]
        number, buckets, shards = rows[0]
        return Generation(number, buckets, shards, built[0].generation.cap if built else 0)

    async def generations(self) -> list[Generation]:
        caps = {build.number: build.generation.cap for build in await self.builds()}
        rows = await self._session.rows("generations")
        return [
            Generation(n, buckets, shards, caps.get(n, 0)) for n, buckets, shards in sorted(rows)
        ]

    async def builds(self) -> list[Build]:
        found = [_build(*row) for row in await self._session.rows("builds")]
        return sorted(found, key=lambda build: build.number)

    async def begin_build(self, build: Build) -> bool:
        made = build.generation
        body = msgspec.json.encode(build).decode()
        standing = await self._session.swap("begin_build", made.number, build.revision, body)
        if standing is not None and _build(standing["body"]) != build:
            return False
        row = (made.number, made.buckets, made.follower_shards)
        await self._session.swap("add_generation", *row)
        return True

    async def change_build(self, old: Build, new: Build) -> bool:
        body = msgspec.json.encode(new).decode()
        row = (new.revision, body, new.number, old.revision)
        if await self._session.swap("change_build", *row) is None:
            return True
        return [body] == [row[0] for row in await self._session.rows("build", new.number)]

    async def activate(self, number: int, instead_of: int) -> bool:
        standing = await self._session.swap("activate", number, instead_of)
        return standing is None or standing.get("generation") == number

    async def forget_generation(self, number: int) -> None:
        await self._session.swap("forget_generation", number)

    async def repairs(self, number: int) -> int:
        rows = await self._session.rows("count", _repairs(number))
        return int(rows[0][0]) if rows else 0

    async def note_repair(self, number: int) -> None:
        name = _repairs(number)
        standing = await self._session.swap("begin_count", name)
        while standing is not None:
            count = int(standing["generation"])
            standing = await self._session.swap("raise_count", count + 1, name, count)

    async def log_epoch(self) -> int:
        rows = await self._session.rows("count", _LOG_EPOCH)
        return int(rows[0][0]) if rows else 0

    async def begin_epoch(self, epoch: int) -> bool:
        if epoch == 1:
            await self._session.swap("begin_count", _LOG_EPOCH)
        else:
            await self._session.swap("raise_count", epoch, _LOG_EPOCH, epoch - 1)
        return await self.log_epoch() == epoch

    async def hold_lease(self, name: str, holder: str, ttl_s: int) -> str:
        if await self._session.swap("renew_lease", ttl_s, holder, name, holder) is None:
            return holder
        standing = await self._session.swap("take_lease", name, holder, ttl_s)
        return holder if standing is None else str(standing["holder"])

    async def give_lease(self, name: str, holder: str) -> None:
        await self._session.swap("give_lease", name, holder)


def _repairs(number: int) -> str:
    """The pointer that counts them."""
    return f"repairs of {number}"


def _build(body: str) -> Build:
    return msgspec.json.decode(body, type=Build)
