"""`foldline explain` and `foldline timeline`."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from app import questions
from app.options import DataDir, Json, ProfileOption, run_opened, settings_of
from app.output import print_json, stdout
from streams.explaining import Explanation

Viewer = Annotated[str, typer.Argument(metavar="USER", help="An account's id or username.")]


def explain(
    viewer: Viewer,
    tweet_id: Annotated[int, typer.Argument(metavar="TWEET", help="A tweet's id.")],
    profile: ProfileOption = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Why a tweet is in a home timeline, or is not: by which events, path or rule. Exits with 1
    where what is served is not what the log says."""
    settings = settings_of(profile=profile, data_dir=data_dir)
    found = run_opened(settings, lambda o: questions.explain(o, settings, viewer, tweet_id))
    if as_json:
        ids = {"viewer": str(found.viewer), "tweet": str(found.tweet), "author": str(found.author)}
        print_json(asdict(found) | ids)
    else:
        _show(found)
    raise typer.Exit(0 if found.due == found.served else 1)


def timeline(
    viewer: Viewer,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="A time (ISO 8601), or positions: 3-512,0-77 [now]."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000)] = 20,
    profile: ProfileOption = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """A home timeline by the log alone, as it is or as it was."""
    settings = settings_of(profile=profile, data_dir=data_dir)
    found = run_opened(
        settings, lambda opened: questions.timeline(opened, settings, viewer, as_of, limit)
    )
    if as_json:
        print_json(found)
        return
    table = Table(box=None, pad_edge=False)
    for column in ("tweet", "posted", "by", "text"):
        table.add_column(column)
    for entry in found.entries:
        posted = _time(entry.posted_at)
        table.add_row(entry.tweet_id, posted, f"@{entry.username}", entry.text)
    stdout.print(table)


def _show(found: Explanation) -> None:
    due = "is" if found.due else "is not"
    stdout.print(f"tweet {found.tweet} by {found.author} {due} in the home of {found.viewer}:")
    stdout.print(f"  {found.path or found.rule}", markup=False)
    for cause in found.causes:
        stdout.print(f"  {cause.position:>12}  {_time(cause.at)}  {cause.what}", markup=False)
    if found.due != found.served:
        seen = "is served" if found.served else "is not served"
        stdout.print(f"but it {seen}: `foldline rebuild repair --user` makes that right")


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
