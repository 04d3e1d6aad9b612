"""`foldline rebuild`: another generation of the views, from the log."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from app import rebuilding
from app.estimating import Estimate, estimate
from app.options import DataDir, Json, ProfileOption, run_opened, settings_of
from app.output import print_json, stdout
from app.progress import stderr
from foldline.profiles import Profile
from streams.rebuild.builds import Shape
from streams.rebuild.switching import roll_back
from streams.rebuild.switching import switch as switch_to

app = typer.Typer(no_args_is_help=True, help="Rebuild the views from the log, and switch to them.")

Number = Annotated[
    int | None, typer.Argument(metavar="GENERATION", help="[the newest that is not served].")
]
Force = Annotated[bool, typer.Option("--force", help="Whatever speaks against it; that is told.")]
_EXAMPLES: Final = 10


@app.command()
def start(
    profile: ProfileOption = None,
    data_dir: DataDir = None,
    buckets: Annotated[int, typer.Option("--buckets", min=0, help="0: as they are.")] = 0,
    follower_shards: Annotated[int, typer.Option("--follower-shards", min=0)] = 0,
    cap: Annotated[int, typer.Option("--cap", min=0, help="Entries of a backfill.")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what it comes to.")] = False,
    as_json: Json = False,
) -> None:
    """Build a generation beside the one that is served; again, to go on after a stop."""
    settings = settings_of(profile=profile, data_dir=data_dir)
    shape = Shape(buckets, follower_shards, cap)
    if dry_run:
        found = run_opened(settings, lambda opened: estimate(opened, settings, cap or settings.cap))
        _show_estimate(found, as_json=as_json)
        return
    build = run_opened(settings, lambda opened: rebuilding.start(opened, settings, shape))
    told = {"generation": build.number, "stage": build.stage}
    text = f"generation {build.number} is built: `foldline rebuild verify` compares it"
    _say(text, told, as_json=as_json)


@app.command()
def status(profile: ProfileOption = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """All generations: which is served, how each is kept, and how far a rebuild is."""
    settings = settings_of(profile=profile, data_dir=data_dir)
    found = run_opened(settings, lambda opened: rebuilding.status(opened, settings))
    if as_json:
        print_json([asdict(each) for each in found])
    else:
        _show_status(found, stdout)


@app.command()
def verify(
    number: Number = None,
    profile: ProfileOption = None,
    data_dir: DataDir = None,
    sample: Annotated[int | None, typer.Option("--sample", min=1, help="[everyone].")] = None,
    as_json: Json = False,
) -> None:
    """Compare what is served of each account, from both generations and by the log. Exits with 1
    where the generation differs."""
    settings = settings_of(profile=profile, data_dir=data_dir)
    found = run_opened(settings, lambda o: rebuilding.verify(o, settings, number, sample))
    if as_json:
        print_json(asdict(found) | {"clean": found.clean})
    else:
        _show_verified(found, stdout)
    raise typer.Exit(0 if found.clean else 1)


@app.command()
def switch(
    number: Number = None,
    profile: ProfileOption = None,
    data_dir: DataDir = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Serve a generation that was verified."""
    settings = settings_of(profile=profile, data_dir=data_dir)

    async def main(opened: Profile) -> tuple[int, list[str]]:
        chosen = await rebuilding.built(opened, number)
        return chosen, await switch_to(opened, settings, chosen, force=force)

    chosen, overridden = run_opened(settings, main)
    for each in overridden:
        stderr.print(f"overridden: {each}")
    _served(chosen, overridden, as_json=as_json)


@app.command()
def rollback(
    profile: ProfileOption = None,
    data_dir: DataDir = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Serve the generation again that was served before."""
    settings = settings_of(profile=profile, data_dir=data_dir)
    number = run_opened(settings, lambda opened: roll_back(opened, settings, force=force))
    _served(number, [], as_json=as_json)


@app.command()
def pace(
    share: Annotated[float, typer.Argument(min=0, max=1, help="Of its time; 0 is a pause.")],
    profile: ProfileOption = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Slow down, pause or speed up the rebuild that is under way."""
    settings = settings_of(profile=profile, data_dir=data_dir)
    number = run_opened(settings, lambda opened: rebuilding.set_pace(opened, share))
    text = f"the rebuild of generation {number} works {share:.0%} of its time"
    _say(text, {"generation": number, "pace": share}, as_json=as_json)


@app.command()
def cancel(profile: ProfileOption = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """End the rebuild that is under way, and remove what it made."""
    settings = settings_of(profile=profile, data_dir=data_dir)
    number = run_opened(settings, lambda opened: rebuilding.cancel(opened, settings))
    text = f"the rebuild of generation {number} is cancelled; what it made is removed"
    _say(text, {"cancelled": number}, as_json=as_json)


@app.command()
def drop(
    number: Annotated[int, typer.Argument(metavar="GENERATION")],
    profile: ProfileOption = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Remove a generation that is not served."""
    settings = settings_of(profile=profile, data_dir=data_dir)
    run_opened(settings, lambda opened: rebuilding.drop(opened, settings, number))
    _say(f"generation {number} is dropped", {"dropped": number}, as_json=as_json)


def _say(text: str, told: object, *, as_json: bool) -> None:
    """One thing, for a person or for a program."""
    if as_json:
        print_json(told)
    else:
        stdout.print(text)


def _show_estimate(found: Estimate, *, as_json: bool) -> None:
    text = (
        f"{found.events:,} events ({found.log_bytes / 1e6:,.1f} MB) are folded, and about "
        f"{found.rows:,} timeline rows ({found.row_bytes / 1e6:,.1f} MB) written for "
        f"{found.accounts:,} accounts: about {found.seconds:,} s"
    )
    _say(text, found, as_json=as_json)


def _served(number: int, overridden: Sequence[str], *, as_json: bool) -> None:
    told = {"served": number, "overridden": list(overridden)}
    _say(f"generation {number} is served", told, as_json=as_json)


def _show_status(found: Sequence[rebuilding.GenerationStatus], console: Console) -> None:
    table = Table(box=None, pad_edge=False)
    for column in ("generation", "served", "stage", "buckets", "shards", "cap", "lag", "verified"):
        table.add_column(column)
    for each in found:
        shape = (str(each.buckets), str(each.follower_shards), str(each.cap))
        lag = "-" if each.lag is None else f"{each.lag:,}"
        served, verdict = "yes" if each.served else "", _verdict(each)
        table.add_row(str(each.number), served, _stage(each), *shape, lag, verdict)
    console.print(table)


def _stage(each: rebuilding.GenerationStatus) -> str:
    if each.progress is None:
        return each.stage
    share = each.progress["done"] / max(each.progress["total"], 1)
    return f"{each.stage} {share:.0%}"


def _verdict(each: rebuilding.GenerationStatus) -> str:
    if each.verdict is None:
        return "-"
    of = "everyone" if each.verdict["everyone"] else f"{each.verdict['accounts']:,} accounts"
    if each.verdict["clean"]:
        return f"equal, {of}"
    return f"{each.verdict['differing']:,} differ, of {of}"


def _show_verified(found: rebuilding.Verified, console: Console) -> None:
    of = "everyone" if found.everyone else "a sample"
    console.print(
        f"{found.accounts:,} accounts ({of}) in {found.buckets:,} buckets, of which "
        f"{found.buckets_that_differ:,} differ"
    )
    for number, differing in found.differing.items():
        if not differing:
            console.print(f"generation {number} serves what the log says")
            continue
        parts = ", ".join(f"{part} {count:,}" for part, count in found.parts[number].items())
        console.print(f"generation {number} differs for {differing:,} accounts: {parts}")
        for example in found.examples[number][:_EXAMPLES]:
            console.print(f"  {example}", markup=False)
    for number, unsettled in found.unsettled.items():
        if unsettled:
            console.print(f"generation {number}: {unsettled:,} accounts changed at every look")
