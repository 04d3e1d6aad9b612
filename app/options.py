"""What the commands share: their common options, the settings these make, and how errors end."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
import uvloop
from pydantic import ValidationError

from app.engines import with_local_engines
from app.progress import stderr
from foldline.errors import FoldlineError, MisconfiguredError
from foldline.profiles import Profile, open_profile
from foldline.settings import ProfileName, Settings
from infra.engine import EngineError

Answer = TypeVar("Answer")

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Where the data are kept [.foldline].")
]
ProfileOption = Annotated[
    ProfileName | None, typer.Option("--profile", help="Which stores to use [embedded].")
]
Json = Annotated[bool, typer.Option("--json", help="JSON on stdout, for programs.")]


def unless_said(defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults of a command, but for what the environment says."""
    prefix = Settings.model_config["env_prefix"]
    return {k: v for k, v in defaults.items() if f"{prefix}{k.upper()}" not in os.environ}


def settings_of(**given: Any) -> Settings:
    """The settings of the environment, with the options that were given. Exits with 2 if they
    are not valid."""
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        for found in error.errors(include_url=False):
            where = ".".join(str(part) for part in found["loc"]) or "settings"
            stderr.print(f"foldline: {where}: {found['msg']}")
        raise typer.Exit(2) from error
    return with_local_engines(settings)


def run(main: Callable[[], Awaitable[Answer]]) -> Answer:
    """Run a command to its end. What goes wrong is said in a line, with exit code 1."""

    async def whole() -> Answer:
        return await main()

    try:
        return uvloop.run(whole())
    except (FoldlineError, EngineError, OSError) as error:
        stderr.print(f"foldline: {error}", style="red", markup=False)
        raise typer.Exit(1) from error


def run_until_stopped(main: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """The same for a command that runs until Ctrl-C or SIGTERM sets its event."""

    async def with_signals() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        await main(stop)

    run(with_signals)


def run_opened(settings: Settings, main: Callable[[Profile], Awaitable[Answer]]) -> Answer:
    """The same over the opened profile of an installation, which must exist."""

    async def opened() -> Answer:
        await asyncio.to_thread(_must_exist, settings)
        profile = await open_profile(settings)
        try:
            return await main(profile)
        finally:
            await profile.close()

    return run(opened)


def _must_exist(settings: Settings) -> None:
    if settings.profile == "embedded" and not settings.log_path.exists():
        raise MisconfiguredError(
            f"there is no installation in {settings.data_dir}: start one with `foldline dev`, "
            "or say where it is with --data-dir"
        )
