"""`foldline import-graph`: a graph through the command handlers of an installation of its own."""

import asyncio
from pathlib import Path

from app.compose import commands_of
from app.embedded import running
from app.graph import GraphImport, read_graph
from app.progress import progress, stderr
from foldline.clock import SystemClock
from foldline.profiles import open_profile
from foldline.settings import Settings
from ingest.commands import Commands


async def import_graph(settings: Settings, file: Path, prefix: str) -> None:
    """Import `file`; in the embedded profile folding it at once, in the distributed one leaving
    that to the workers."""
    if settings.profile == "embedded":
        async with running(settings) as installation:
            await _import(installation.commands, settings, file, prefix)
        return
    profile = await open_profile(settings)
    try:
        await _import(commands_of(profile, settings, SystemClock()), settings, file, prefix)
    finally:
        await profile.close()


async def _import(commands: Commands, settings: Settings, file: Path, prefix: str) -> None:
    graph = await asyncio.to_thread(read_graph, file)
    work = GraphImport(commands, graph, settings.data_dir / f"import-{graph.digest[:12]}", prefix)
    with progress(file.name, graph.steps) as advance:
        await work.run(advance)
    stderr.print(f"{len(graph.nodes):,} accounts and {len(graph.follows):,} follows are imported")
