"""`foldline dead-letters`: list, show and replay."""

from contextlib import nullcontext
from typing import Annotated

import orjson
import typer
from rich.table import Table

from app import dead_letters
from app.embedded import locked
from app.options import DataDir, Json, ProfileOption, run_opened, settings_of
from app.output import print_json, stdout
from app.progress import stderr
from foldline.core.position import Position

app = typer.Typer(no_args_is_help=True, help="Events that could not be folded.")

At = Annotated[str, typer.Argument(metavar="POSITION", help="<partition>-<offset>")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000)]


@app.command("list")
def list_letters(
    profile: ProfileOption = None,
    data_dir: DataDir = None,
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """All of them, by partition and offset."""
    settings = settings_of(profile=profile, data_dir=data_dir)
    found = run_opened(settings, lambda opened: dead_letters.letters(opened.views, limit))
    if as_json:
        for letter in found:
            print_json(dead_letters.as_json(letter))
        return
    table = Table(box=None, pad_edge=False)
    for column in ("position", "replayed to", "error"):
        table.add_column(column)
    for letter in found:
        replayed = ", ".join(str(position) for position in letter.replayed_to) or "-"
        table.add_row(str(letter.position), replayed, letter.error)
    stdout.print(table)


@app.command()
def show(at: At, profile: ProfileOption = None, data_dir: DataDir = None) -> None:
    """One of them, with its bytes, and its event where that can be read."""
    settings = settings_of(profile=profile, data_dir=data_dir)
    position = _position(at)
    found = run_opened(settings, lambda opened: dead_letters.letter(opened, position))
    stdout.out(orjson.dumps(dead_letters.as_json(found), option=orjson.OPT_INDENT_2).decode())


@app.command()
def replay(at: At, profile: ProfileOption = None, data_dir: DataDir = None) -> None:
    """Append a copy of the event where it belongs. The embedded profile must be stopped."""
    settings = settings_of(profile=profile, data_dir=data_dir)
    position = _position(at)
    alone = locked(settings.data_dir) if settings.profile == "embedded" else nullcontext()
    with alone:
        copy = run_opened(settings, lambda opened: dead_letters.replay(opened, position))
    stdout.out(str(copy))


def _position(text: str) -> Position:
    try:
        return Position.parse(text)
    except ValueError as error:
        stderr.print(f"foldline: {error}")
        raise typer.Exit(2) from error
