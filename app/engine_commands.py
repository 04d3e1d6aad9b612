"""`foldline engines`: local Kafka, Cassandra and Redis."""

import asyncio
from dataclasses import asdict

import typer
from rich.table import Table

from app.engines import addresses, engines_dir
from app.options import DataDir, Json, run, settings_of
from app.output import print_json, stdout
from app.progress import stderr
from infra.engines import EngineStack
from infra.stack import local_stack

app = typer.Typer(no_args_is_help=True, help="Local Kafka, Cassandra and Redis.")


def _stack(data_dir: DataDir) -> EngineStack:
    return local_stack(engines_dir(settings_of(data_dir=data_dir).data_dir))


@app.command()
def up(data_dir: DataDir = None) -> None:
    """Install what is missing and start what is down. Prints the settings that reach them."""
    stack = _stack(data_dir)
    ends = run(lambda: asyncio.to_thread(stack.up, stderr.print))
    for name, value in addresses(ends).items():
        stdout.out(f"FOLDLINE_{name.upper()}={value}")


@app.command()
def down(data_dir: DataDir = None) -> None:
    """Stop them. The data stay."""
    run(lambda: asyncio.to_thread(_stack(data_dir).down))


@app.command()
def status(data_dir: DataDir = None, as_json: Json = False) -> None:
    """What runs, and where."""
    found = run(lambda: asyncio.to_thread(_stack(data_dir).status))
    if as_json:
        print_json(found)
        return
    table = Table(box=None, pad_edge=False)
    for column in ("engine", "version", "pid", "port", "healthy"):
        table.add_column(column)
    for engine in found:
        values = asdict(engine).values()
        table.add_row(*("-" if value is None else str(value) for value in values))
    stdout.print(table)
