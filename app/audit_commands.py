"""`foldline audit` and `foldline rebuild repair`."""

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from app import auditing, questions
from app.options import (
    DataDir,
    Json,
    ProfileOption,
    run_opened,
    run_until_stopped,
    settings_of,
)
from app.output import print_json, stdout
from foldline.core.scope import VIEWS
from foldline.profiles import Profile, open_profile
from streams.auditing import Round
from streams.repairing import Repaired

Users = Annotated[list[str] | None, typer.Option("--user", help="An id or username; repeatable.")]
Authors = Annotated[
    list[str] | None, typer.Option("--author", help="And in all followers' timelines.")
]
View = Annotated[str | None, typer.Option("--view", help=f"Only one of {', '.join(VIEWS)}.")]
When = Annotated[datetime | None, typer.Option(help="Tweets posted from, or until, then (UTC).")]


def audit(
    profile: ProfileOption = None,
    data_dir: DataDir = None,
    per_minute: Annotated[int, typer.Option("--per-minute", min=1, help="Accounts.")] = 300,
    rounds: Annotated[int, typer.Option("--rounds", min=0, help="0: until Ctrl-C.")] = 0,
    repair: Annotated[bool, typer.Option("--repair/--no-repair", help="What differs.")] = True,
    port: Annotated[int | None, typer.Option("--port", help="Serve /metrics there.")] = None,
    as_json: Json = False,
) -> None:
    """Compare samples of what is served with the log, and repair what differs. Exits with 1 where
    something differs and was not repaired."""
    settings = settings_of(profile=profile, data_dir=data_dir)
    left, bad = rounds, False

    async def main(stop: asyncio.Event) -> None:
        def tell(found: Round) -> None:
            nonlocal left, bad
            left, bad = left - 1, bad or bool(found.wrong and not found.repaired)
            _show_round(found, as_json=as_json)
            if left == 0:
                stop.set()

        opened = await open_profile(settings)
        try:
            await auditing.audit(opened, settings, per_minute, stop, tell, repair=repair, port=port)
        finally:
            await opened.close()

    run_until_stopped(main)
    raise typer.Exit(1 if bad else 0)


def repair(
    users: Users = None,
    authors: Authors = None,
    view: View = None,
    since: When = None,
    until: When = None,
    profile: ProfileOption = None,
    data_dir: DataDir = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what it comes to.")] = False,
    as_json: Json = False,
) -> None:
    """Write a part of the served generation anew, in place: accounts, authors, a view, a time."""
    if view is not None and view not in VIEWS:
        raise typer.BadParameter(f"{view!r} is none of {', '.join(VIEWS)}", param_hint="--view")
    if not (users or authors or view or since or until):
        raise typer.BadParameter("name a scope; for everything there is `rebuild start`")
    settings = settings_of(profile=profile, data_dir=data_dir)

    async def main(opened: Profile) -> Repaired:
        named = [
            frozenset([await questions.account_of(opened, each) for each in names or ()])
            for names in (users, authors)
        ]
        scope = auditing.scope_of(named[0], named[1], view, _ms(since), _ms(until))
        return await auditing.repair(opened, settings, scope, dry_run=dry_run)

    done = run_opened(settings, main)
    if as_json:
        print_json(done)
        return
    would = "would write" if dry_run else "wrote"
    stdout.print(
        f"read {done.events:,} events, {would} {done.cells:,} cells and {done.rows:,} timeline "
        f"rows, and {'would take' if dry_run else 'took'} out {done.removed:,}"
    )


def _show_round(found: Round, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(found) | {"drift_per_million": found.drift})
        return
    stdout.print(
        f"generation {found.generation}: {found.accounts:,} accounts, {found.entries:,} entries, "
        f"{found.wrong:,} wrong ({found.drift:,.0f} per million)"
    )
    for example in found.examples:
        stdout.print(f"  {example}", markup=False)
    if found.repaired is not None:
        how = "repaired" if found.repaired else "not repaired: only a whole rebuild can help"
        stdout.print(f"  {how}")


def _ms(when: datetime | None) -> int | None:
    return None if when is None else round(when.replace(tzinfo=UTC).timestamp() * 1000)
