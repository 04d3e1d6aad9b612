"""The people of the matrix, on an installation of their own that knows them by their tokens."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from foldline.settings import Settings
from tests.flow.client import Client, Reply
from tests.flow.worlds import World
from tests.matrix import tokens

PASSWORD: Final = "correct horse battery staple"
ROLES: Final = ("stranger", "suspended", "blocked", "other", "admin", "owner")
"""The owner last: what the owner does may leave nothing for the others to try."""

_NUMBERS: Iterator[int] = itertools.count()


@dataclass(frozen=True)
class Cast:
    """Who plays which role; `tweet` is the owner's, `name` the owner's name."""

    world: World
    name: str
    owner: int
    other: int
    blocked: int
    suspended: int
    admin: int
    tweet: int

    @property
    def client(self) -> Client:
        return self.world.client

    @property
    def settings(self) -> Settings:
        return self.world.settings

    @property
    def url(self) -> str:
        return self.client.ingest

    def path(self, template: str) -> str:
        """A route's path, filled in with what is the owner's."""
        own = {"user_id": str(self.owner), "tweet_id": str(self.tweet), "username": self.name}
        own |= {"generation": "1", "order_id": "1"}
        return template.format_map(own)

    def headers(self, role: str) -> Mapping[str, str]:
        """How this role says who it is."""
        if role == "stranger":
            return {}
        granted = "admin" if role == "admin" else "user"
        return tokens.bearer(self.settings, getattr(self, role), granted)

    async def ask(self, role: str, method: str, path: str, **more: Any) -> Reply:
        """A request of this role's to a path that may name what is the owner's."""
        headers = {**self.headers(role), **more.pop("headers", {})}
        base = self.client.admin if path.startswith("/admin/") else self.url
        return await self.client.ask(method, base + self.path(path), headers=headers, **more)

    def lies(self) -> dict[str, Mapping[str, str]]:
        """Tokens in the owner's name that must not be believed."""
        settings, user = self.settings, self.owner
        return {
            "expired": tokens.expired(settings, user),
            "forged": tokens.forged(settings, user),
            "alg none": tokens.unsigned(settings, user),
            "alg HS512": tokens.of_another_algorithm(settings, user),
            "a refresh token": tokens.bearer(settings, user, typ="refresh"),
            "of another issuer": tokens.bearer(settings, user, iss="somebody else"),
            "of nobody": tokens.bearer(settings, user, sub="nobody"),
            "no token": {"Authorization": "Bearer"},
            "another scheme": {"Authorization": "Basic YW5uOmFubg=="},
        }

    def fresh_name(self) -> str:
        return f"new_{next(_NUMBERS)}"


async def cast_of(world: World) -> Cast:
    """New people for every role."""
    client, number = world.client, next(_NUMBERS)
    name = f"ann_{number}"
    owner = await client.join(name, password=PASSWORD)
    names = [f"{who}_{number}" for who in ("bob", "cyd", "dan", "eve")]
    other, blocked, suspended, admin = [await client.join(each) for each in names]
    tweet = await client.post(owner, "ann's")
    await client.block(owner, blocked)
    await client.suspend(suspended)
    await client.folded()
    return Cast(world, name, owner, other, blocked, suspended, admin, tweet)
