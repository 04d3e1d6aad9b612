"""Logging in and staying so: access tokens for a quarter of an hour, refresh tokens for a month.

A refresh token is good once: it is exchanged for the next of its family. One that comes again was
stolen, by whoever used it first or second; so the whole family ends, and both must log in again.
"""

import hashlib
import secrets
from typing import Final

from pydantic import BaseModel, Field

from foldline.control.port import Family, Role
from foldline.errors import UnauthenticatedError
from foldline.views.port import Account
from foldline.web.budgets import check
from foldline.web.call import Answer, Call
from foldline.web.schemas import Input
from foldline.web.tokens import Identity
from ingest.commands import Commands

_SECRET_BYTES: Final = 32
_FAMILY_BYTES: Final = 16


class LoginIn(Input):
    """A name and its password."""

    username: str = Field(min_length=1, max_length=30)
    password: str = Field(min_length=1, max_length=128)


class RefreshIn(Input):
    """A refresh token."""

    refresh_token: str = Field(min_length=1, max_length=200)


class TokensOut(BaseModel):
    """An access token, and the refresh token that brings the next one. `expires_in`: seconds."""

    access_token: str
    refresh_token: str
    token_type: str = "Bearer"  # noqa: S105
    expires_in: int
    user_id: str


async def login(commands: Commands, call: Call[LoginIn, None]) -> Answer:
    """Tokens for a name and its password."""
    username = call.body.username.lower()
    check(await commands.limiter.take_name(username))
    await commands.watch.passed(call.after, commands.settings.after_wait_s)  # one's own account
    user_id = await commands.views.account_id(username)
    credential = await commands.control.credential(user_id or 0)  # as much work for nobody
    known = None if credential is None else credential.password_hash
    good = await commands.passwords.matches(known, call.body.password)
    account = None if user_id is None else await commands.standing.of(user_id)
    if not good or credential is None or account is None or account.deleted:
        raise UnauthenticatedError("there is no such name with this password")
    name, secret = secrets.token_hex(_FAMILY_BYTES), secrets.token_urlsafe(_SECRET_BYTES)
    ttl_s = commands.settings.refresh_ttl_s
    await commands.control.open_family(name, account.user_id, _hash(secret), ttl_s)
    return _tokens(commands, account, credential.role, name, secret)


async def refresh(commands: Commands, call: Call[RefreshIn, None]) -> Answer:
    """The next tokens for a refresh token, which is then used up."""
    name, family = await _family(commands, call.body.refresh_token)
    account = await commands.standing.of(family.user_id)
    credential = await commands.control.credential(family.user_id)
    if account is None or account.deleted or credential is None:
        await commands.control.close_family(name)
        raise UnauthenticatedError("this account is deleted")
    # Last, so that a token is used up only where the next one can be given.
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    ttl_s = commands.settings.refresh_ttl_s
    if not await commands.control.rotate(name, family, _hash(secret), ttl_s):
        raise await _stolen(commands, name)
    return _tokens(commands, account, credential.role, name, secret)


async def logout(commands: Commands, call: Call[RefreshIn, None]) -> Answer:
    """End a login: its refresh token is good no more. Doing so again changes nothing."""
    name, _, _ = call.body.refresh_token.partition(".")
    family = await commands.control.family(name)
    if family is not None and _is_good(family, call.body.refresh_token):
        await commands.control.close_family(name)
    return Answer(status=204)


async def _family(commands: Commands, token: str) -> tuple[str, Family]:
    name, _, _ = token.partition(".")
    family = await commands.control.family(name)
    if family is None:
        raise UnauthenticatedError("this refresh token is not good (any more): log in")
    if not _is_good(family, token):
        raise await _stolen(commands, name)
    return name, family


async def _stolen(commands: Commands, name: str) -> UnauthenticatedError:
    await commands.control.close_family(name)
    return UnauthenticatedError("this refresh token was used before: log in")


def _is_good(family: Family, token: str) -> bool:
    _, _, secret = token.partition(".")
    return secrets.compare_digest(_hash(secret), family.token_hash)


def _tokens(commands: Commands, account: Account, role: Role, name: str, secret: str) -> Answer:
    identity = Identity(account.user_id, role, account.verified)
    body = TokensOut(
        access_token=commands.tokens.issue(identity),
        refresh_token=f"{name}.{secret}",
        expires_in=commands.tokens.ttl_s,
        user_id=str(account.user_id),
    )
    return Answer(body)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
