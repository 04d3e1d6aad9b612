"""Usernames: claimed for an account before its event is appended, and free again after its end.

A claim whose account was certainly not created is given back at once; one whose account's fate is
unknown is taken over after a lease, unless the account has appeared in the views. The name of a
deleted account is free again after a while, so that nobody is taken for its last owner.
"""

from contextlib import suppress

from foldline.control.port import Claim
from foldline.errors import ConflictError, ControlUnavailableError
from ingest.commands import Commands


async def claim(commands: Commands, username: str, user_id: int) -> None:
    """Take a username (lower case) for a new account; ConflictError if another has it."""
    now = commands.clock.now_ms()
    standing = await commands.control.claim_username(username, user_id, now)
    if standing.user_id != user_id and await _abandoned(commands, username, standing):
        standing = await commands.control.claim_username(username, user_id, now, replacing=standing)
    if standing.user_id != user_id:
        raise ConflictError(f"the username {username!r} is taken")


async def give_back(commands: Commands, username: str, user_id: int) -> None:
    """Let others have the name of an account that was certainly not created."""
    with suppress(ControlUnavailableError):  # then the lease gives it back
        await commands.control.release_username(username, user_id)


async def confirm(commands: Commands, username: str, user_id: int) -> None:
    """Keep the name of an account that was created."""
    with suppress(ControlUnavailableError):  # then its account in the views keeps it
        await commands.control.confirm_username(username, user_id)


async def retire(commands: Commands, username: str, user_id: int) -> None:
    """Let others have the name of a deleted account after a while."""
    free_at_ms = commands.clock.now_ms() + commands.settings.username_release_s * 1000
    with suppress(ControlUnavailableError):  # then whoever wants the name retires it
        await commands.control.retire_username(username, user_id, free_at_ms)


async def _abandoned(commands: Commands, username: str, standing: Claim) -> bool:
    """Whether a claim's account was never created, and surely never will be; or was deleted, long
    enough ago."""
    now = commands.clock.now_ms()
    if standing.free_at is not None:
        return standing.free_at <= now
    lease_ms = commands.settings.claim_lease_s * 1000
    if not standing.confirmed and now - standing.claimed_at < lease_ms:
        return False
    account = (await commands.views.accounts([standing.user_id])).get(standing.user_id)
    if account is None:
        return not standing.confirmed
    if account.deleted:
        await retire(commands, username, standing.user_id)
    return False
