"""`foldline audit` and `foldline rebuild repair`: what is served, against the log."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from foldline.clock import SystemClock
from foldline.core.ids import MAX_ID, first_id_at
from foldline.core.scope import Scope
from foldline.profiles import Profile, views_of
from foldline.settings import Settings
from foldline.web.server import listen
from query.served import depth_of, readers
from streams.auditing import Audit, Round
from streams.instance import folding
from streams.repairing import Repair, Repaired
from streams.tailed_ledger import TailedLedger

_ROUND: Final = 50  # accounts


async def audit(
    profile: Profile,
    settings: Settings,
    per_minute: int,
    stop: asyncio.Event,
    told: Callable[[Round], None],
    *,
    repair: bool,
    port: int | None,
) -> None:
    """Compare so many accounts a minute of what is served, whichever generation that is, until
    `stop`; `told` hears of each round."""
    size = min(_ROUND, per_minute)
    async with _metrics(settings, port):
        while not stop.is_set():
            served = await profile.control.active_generation()
            async with views_of(settings, served) as views:
                own = replace(profile, generation=served, views=views)
                async with _audit(own, settings) as audit:
                    while not stop.is_set() and served == await own.control.active_generation():
                        began = SystemClock().monotonic()
                        told(await _round(own, settings, audit, size, repair=repair))
                        took_s = SystemClock().monotonic() - began
                        await _rest(60 * size / per_minute - took_s, stop)


async def _rest(seconds: float, stop: asyncio.Event) -> None:
    """Wait, but not past `stop`."""
    waiting = asyncio.ensure_future(stop.wait())
    await asyncio.wait([waiting], timeout=max(seconds, 0))
    waiting.cancel()


async def audit_once(profile: Profile, settings: Settings, accounts: int, *, repair: bool) -> Round:
    """Compare so many accounts, once."""
    async with _audit(profile, settings) as audit:
        return await _round(profile, settings, audit, accounts, repair=repair)


async def repair(profile: Profile, settings: Settings, scope: Scope, *, dry_run: bool) -> Repaired:
    """Write a scope of the served generation anew; with `dry_run`, only say what that would be."""
    own = folding(settings, profile.generation)
    depth = depth_of(own.cap)
    repair = Repair(profile.log, profile.views, readers(depth), own, depth)
    done = await repair.run(scope, dry_run=dry_run)
    if not dry_run:
        await profile.control.note_repair(profile.generation.number)
    return done


def scope_of(
    accounts: frozenset[int],
    authors: frozenset[int],
    view: str | None,
    since_ms: int | None,
    until_ms: int | None,
) -> Scope:
    """The scope that a command names: with neither accounts nor authors, everybody."""
    named = accounts if accounts or authors else None
    since = 0 if since_ms is None else first_id_at(since_ms)
    until = MAX_ID if until_ms is None else first_id_at(until_ms + 1) - 1
    return Scope(named, view, authors, since, until)


def last(settings: Settings) -> dict[str, Any] | None:
    """The last round that found anything, as it was noted in this data directory."""
    try:
        lines = _path(settings).read_text().splitlines()
    except FileNotFoundError:
        return None
    found: dict[str, Any] = json.loads(lines[-1])
    return found


def _note(settings: Settings, found: Round) -> None:
    if found.wrong:
        line = json.dumps({"at": SystemClock().now_ms(), **asdict(found)})
        with _path(settings).open("a") as file:
            file.write(f"{line}\n")


def _path(settings: Settings) -> Path:
    return settings.data_dir / "audit.jsonl"


async def _round(
    profile: Profile, settings: Settings, audit: Audit, accounts: int, *, repair: bool
) -> Round:
    found = await audit.round(accounts, repair=repair)
    await asyncio.to_thread(_note, settings, found)
    if found.repaired is not None:
        await profile.control.note_repair(profile.generation.number)
    return found


@asynccontextmanager
async def _audit(profile: Profile, settings: Settings) -> AsyncIterator[Audit]:
    own = folding(settings, profile.generation)
    depth = depth_of(own.cap)
    ledger = await TailedLedger.open(profile.log, settings.log_epoch)
    try:
        yield Audit(
            *(profile.log, ledger, profile.views, readers(depth), own),
            *(profile.generation.number, depth),
        )
    finally:
        await ledger.close()


@asynccontextmanager
async def _metrics(settings: Settings, port: int | None) -> AsyncIterator[None]:
    if port is None:
        yield
        return
    http = await listen(settings.model_copy(update={"port": port}), [], {})
    try:
        yield
    finally:
        await http.close()
