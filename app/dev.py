"""`foldline dev`: a whole installation on this machine, ready when every part has proved itself."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Final

from app import banner, distributed, embedded
from app.graph import GraphImport, read_graph
from app.installation import Installation
from app.progress import progress, stderr
from foldline.errors import FoldlineError
from foldline.settings import Settings
from foldline.web.operation import all_well, told

DEMO_GRAPH: Final = Path(__file__).parent / "demo" / "socfb-Reed98.edges"
DEMO_PREFIX: Final = "reed_"
_DEMO_HELLO: Final = "Hello from number {node} of the Reed98 graph"
_READY_POLL_S: Final = 0.05
DEV: Final = {"auth": "trusted-header", "limits": "off"}
"""What differs on one's own machine, where nobody else can ask."""
_IDENTITIES: Final = {
    "trusted-header": "X-User-ID header, trusted: for this machine only",
    "jwt": "access tokens, from POST /api/v1/auth/login",
}


async def dev(settings: Settings, stop: asyncio.Event, *, demo: bool) -> None:
    """Run until `stop` is set."""
    running = (
        embedded.running(settings)
        if settings.profile == "embedded"
        else distributed.running(settings, stderr.print)
    )
    async with running as installation:
        if await _ready(installation, stop):
            _show(settings, installation, demo=demo)
            loading = asyncio.create_task(_load_demo(installation, settings, demo=demo))
            await stop.wait()
            loading.cancel()
            with suppress(asyncio.CancelledError):
                await loading
        stderr.print("stopping: finishing what is in hand")
    stderr.print("stopped; the data are kept, start again to go on")


async def _ready(installation: Installation, stop: asyncio.Event) -> bool:
    """Wait until no part has any trouble. False if told to stop before."""
    while not all_well(await told(installation.checks)):
        if stop.is_set():
            return False
        await asyncio.sleep(_READY_POLL_S)
    return True


def _show(settings: Settings, installation: Installation, *, demo: bool) -> None:
    stores = "SQLite" if settings.profile == "embedded" else "Kafka and Cassandra"
    url = installation.http.url
    banner.show(
        stderr,
        "Foldline is ready",
        [
            ("API", f"{url}/api/v1"),
            ("Health", f"{url}/readyz?verbose"),
            ("Metrics", f"{url}/metrics"),
            ("Profile", settings.profile),
            ("Data", f"{settings.data_dir.absolute()}  ({stores}; every event is fsynced)"),
            ("Admin", _admin_url(installation)),
            ("Identity", _IDENTITIES[settings.auth]),
            ("Demo", f"{DEMO_GRAPH.name}, loaded once" if demo else "none"),
            ("Next", f"curl -s '{url}/api/v1/users?limit=3'"),
            ("", "foldline status  ·  foldline --help  ·  Ctrl-C stops"),
        ],
    )


def _admin_url(installation: Installation) -> str:
    admin = installation.http.admin
    assert admin is not None, "the commands of operators are always served"
    return f"{admin.url}/admin/v1"


async def _load_demo(installation: Installation, settings: Settings, *, demo: bool) -> None:
    graph = await asyncio.to_thread(read_graph, DEMO_GRAPH)
    checkpoint = settings.data_dir / "demo.json"
    work = GraphImport(
        installation.commands, graph, checkpoint, DEMO_PREFIX, hello=_DEMO_HELLO, paced=True
    )
    if not demo or work.done:
        return
    try:
        with progress("demo graph", graph.steps, bar=False) as advance:
            await work.run(advance)
    except FoldlineError as error:
        stderr.print(f"demo graph: not loaded whole, start again to go on: {error}")
