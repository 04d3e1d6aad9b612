"""Installations that want tokens, and what a caller does to get them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from foldline.settings import Settings
from tests.flow.client import Client, Reply
from tests.flow.worlds import World, world

PASSWORD: Final = "correct horse battery"


@dataclass(frozen=True)
class Guarded:
    """An installation where the user is who a token says."""

    world: World

    @property
    def client(self) -> Client:
        return self.world.client

    @property
    def admin_url(self) -> str:
        assert self.world.admin is not None
        return self.world.admin

    async def ask(self, method: str, path: str, token: str | None = None, **more: Any) -> Reply:
        headers = dict(more.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return await self.client.ask(method, self.client.ingest + path, headers=headers, **more)

    async def join(self, name: str) -> int:
        body = {"username": name, "password": PASSWORD}
        reply = await self.ask("POST", "/api/v1/users", json=body)
        assert reply.status == 201, reply
        self.client.saw(reply)
        await self.client.folded()
        return int(reply.body["user_id"])

    async def login(self, name: str, password: str = PASSWORD) -> Reply:
        body = {"username": name, "password": password}
        return await self.ask("POST", "/api/v1/auth/login", json=body)

    async def token(self, name: str) -> str:
        reply = await self.login(name)
        assert reply.status == 200, reply
        return str(reply.body["access_token"])

    async def refresh(self, refresh_token: str) -> Reply:
        return await self.ask("POST", "/api/v1/auth/refresh", json={"refresh_token": refresh_token})


@asynccontextmanager
async def guarded(settings: Settings) -> AsyncIterator[Guarded]:
    async with world(settings) as running:
        yield Guarded(running)
