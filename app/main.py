"""The `foldline` command. Data go to stdout, messages and progress to stderr; exit 0 is fine, 1 an
error that is explained, 2 wrong usage."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from app import (
    audit_commands,
    engine_commands,
    letter_commands,
    log_migrating,
    question_commands,
    rebuild_commands,
    status,
)
from app.dev import DEV
from app.dev import dev as run_dev
from app.documents import write as write_documents
from app.import_graph import import_graph as run_import
from app.options import (
    DataDir,
    Json,
    ProfileOption,
    run,
    run_opened,
    run_until_stopped,
    settings_of,
    unless_said,
)
from app.output import print_json, stdout
from app.progress import stderr
from app.roles import grant_admin
from app.serving import serve as run_service
from app.worker import lone, supervised
from cql.migrator import migrate as run_migrations
from foldline.garbage import collect_seldom
from foldline.log.kafka import create_topic
from foldline.telemetry import configure_logging

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(engine_commands.app, name="engines")
app.add_typer(letter_commands.app, name="dead-letters")
app.add_typer(rebuild_commands.app, name="rebuild")
rebuild_commands.app.command()(audit_commands.repair)
app.command()(audit_commands.audit)
app.command()(question_commands.explain)
app.command()(question_commands.timeline)

Port = Annotated[int | None, typer.Option("--port", help="0 takes a free one [8080].")]
LogLevel = Annotated[
    Literal["debug", "info", "warning", "error"],
    typer.Option("--log-level", envvar="FOLDLINE_LOG_LEVEL"),
]


@app.callback()
def every_command(log_level: LogLevel = "warning") -> None:
    """Foldline: home timelines as a fold of a durable log."""
    collect_seldom()
    configure_logging(as_json=not stderr.is_terminal, level=log_level)


@app.command()
def dev(
    profile: ProfileOption = None,
    data_dir: DataDir = None,
    port: Port = None,
    demo: Annotated[
        bool, typer.Option("--demo/--no-demo", help="Load a real graph on first start.")
    ] = True,
) -> None:
    """Run a whole installation on this machine, until Ctrl-C."""
    settings = settings_of(profile=profile, data_dir=data_dir, port=port, **unless_said(DEV))
    run_until_stopped(lambda stop: run_dev(settings, stop, demo=demo))


@app.command()
def serve(
    service: Annotated[Literal["ingest", "query"], typer.Argument(help="Which service.")],
    port: Port = None,
) -> None:
    """Run one HTTP service over Kafka and Cassandra."""
    settings = settings_of(profile="distributed", port=port)
    run_until_stopped(lambda stop: run_service(settings, service, stop))


@app.command()
def worker(
    data_dir: DataDir = None,
    instance: Annotated[
        str | None, typer.Option("--instance", help="Unique for each worker [worker-1].")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", help="Serve /livez, /readyz and /metrics there.")
    ] = None,
    alone: Annotated[
        bool, typer.Option("--lone", help="Without the supervisor that restarts it.")
    ] = False,
    generation: Annotated[
        int | None, typer.Option("--generation", help="Of a lone one [the one that is served].")
    ] = None,
) -> None:
    """Fold the log into the views: a Faust worker and its supervisor, for each generation."""
    settings = settings_of(profile="distributed", data_dir=data_dir, worker_instance=instance)
    if alone:
        raise typer.Exit(lone(settings, generation))
    supervised(settings, port)


@app.command()
def migrate(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what is missing.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Make the keyspaces, tables and topic that are missing."""
    settings = settings_of(profile="distributed", data_dir=data_dir)

    async def main() -> None:
        for step in await run_migrations(settings, dry_run=dry_run):
            stdout.print(step)
        if not dry_run:
            await create_topic(settings)

    run(main)


@app.command()
def migrate_log(
    partitions: Annotated[int, typer.Option("--partitions", min=1, max=1024)],
    finish: Annotated[
        bool, typer.Option("--finish", help="Close the old log, and follow the new one.")
    ] = False,
    profile: ProfileOption = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Copy the log into one of another number of partitions; again, to go on."""
    settings = settings_of(profile=profile, data_dir=data_dir)
    done = run_opened(
        settings, lambda o: log_migrating.migrate_log(o, settings, partitions, finish=finish)
    )
    if as_json:
        print_json(done)
        return
    stdout.print(f"{done.events:,} events are in the log of epoch {done.epoch}, read back, equal")
    then = (
        f"start everything with FOLDLINE_LOG_EPOCH={done.epoch} and FOLDLINE_PARTITIONS=0"
        if done.finished
        else "stop what takes commands, then do it again with --finish"
    )
    stdout.print(then)


@app.command()
def docs(
    folder: Annotated[Path, typer.Option("--folder", help="Where they are kept.")] = Path("docs"),
) -> None:
    """Write the pages and schemas that follow from the code."""
    for path in write_documents(folder):
        stdout.print(path)


@app.command()
def import_graph(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="An edge a line.")],
    profile: ProfileOption = None,
    data_dir: DataDir = None,
    prefix: Annotated[str, typer.Option("--prefix", help="Of the usernames.")] = "node_",
) -> None:
    """Import a social graph: each edge as two follows. Run it again to go on after a stop."""
    settings = settings_of(profile=profile, data_dir=data_dir, port=0)
    run(lambda: run_import(settings, file, prefix))


@app.command("grant-admin")
def grant(
    username: Annotated[str, typer.Argument(help="Of the account.")],
    profile: ProfileOption = None,
    data_dir: DataDir = None,
) -> None:
    """Make an account an administrator, from its next login on."""
    settings = settings_of(profile=profile, data_dir=data_dir)
    user_id = run_opened(settings, lambda opened: grant_admin(opened, username))
    stdout.print(f"account {user_id} is an administrator from its next login on")


@app.command("status")
def show_status(
    profile: ProfileOption = None, data_dir: DataDir = None, as_json: Json = False
) -> None:
    """How far the views are behind the log."""
    settings = settings_of(profile=profile, data_dir=data_dir)
    found = run_opened(settings, lambda opened: status.status_of(opened, settings))
    if as_json:
        print_json(found)
    else:
        status.show(found, stdout)


def main() -> None:
    """The entry point of the command."""
    app()
