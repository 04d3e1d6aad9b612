"""`python -m benchmarks.profile`: where the time of a fan-out goes, as flame graphs of the worker
and of Cassandra. Both are sampled in the middle of a backlog, side by side."""

import asyncio
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Annotated, Final

import typer
import uvloop

from app.output import stdout
from benchmarks.flames import flame_graph
from benchmarks.installation import Measured, installation
from benchmarks.pipeline import delivered, pipeline
from benchmarks.workload import workload
from infra.engine import Tuning
from infra.engines import EngineStack
from infra.stack import local_stack

_PICTURES: Final = Path(__file__).parents[1] / "docs" / "profiles"
_PROFILER: Final = "tools.profiler:async-profiler:4.0"
_USERS: Final = 100_000
_BUCKETS: Final = 64
_WARM_ROWS: Final = 1_500_000
_ROWS: Final = 4_000_000
_PATIENCE_S: Final = 60


def main(
    mean: Annotated[int, typer.Option(help="Followers of an author.")] = 403,
    seconds: Annotated[int, typer.Option(help="How long to look.")] = 10,
) -> None:
    """Draw both flame graphs."""
    with tempfile.TemporaryDirectory(prefix="foldline-engines-") as folder:
        stack = local_stack(Path(folder), Tuning(heap="benchmarks"))
        library = _profiler(Path(folder))
        try:
            stack.up(stdout.out)
            uvloop.run(_profile(stack, mean, seconds, library))
        finally:
            stack.down()


async def _profile(stack: EngineStack, mean: int, seconds: int, library: Path) -> None:
    work = workload(_USERS, mean, _ROWS)
    async with installation(stack.endpoints(), work, buckets=_BUCKETS) as made_of:
        async with made_of.measured() as made:
            await pipeline(made, work.posts_of(_WARM_ROWS), stack)
        async with made_of.measured() as made:
            rows = await made.post(work.posts_of(_ROWS))
            with made.worker(1):
                await delivered(made, rows, _ROWS // 10)
                await _sample(made, stack, seconds, library)


async def _sample(made: Measured, stack: EngineStack, seconds: int, library: Path) -> None:
    folder, server = made.settings.data_dir, stack.cassandra.pid
    worker_at, server_at = folder / "worker.txt", folder / "cassandra.txt"
    # Without quotes jcmd takes what stands behind each "=" for a value of its own.
    load = ("jcmd", server, "JVMTI.agent_load", library)
    await _ran(*load, '"start,event=ctimer,interval=2ms,threads"')
    await _ran(
        *(
            Path(sys.executable).with_name("py-spy"),
            "record",
            "--pid",
            made.pid_of(1),
            "--duration",
            seconds,
        ),
        *("--format", "raw", "--rate", 250, "--threads", "--output", worker_at),
    )
    await _ran(*load, f'"stop,collapsed,file={server_at}"')
    _PICTURES.mkdir(parents=True, exist_ok=True)
    for name, at in (("worker", worker_at), ("cassandra", server_at)):
        picture = _PICTURES / f"{name}.svg"
        picture.write_text(flame_graph(at.read_text(), name))
        stdout.out(f"drawn: {picture}")


async def _ran(*command: object) -> None:
    await asyncio.to_thread(
        subprocess.run,
        [str(part) for part in command],
        stdout=subprocess.DEVNULL,
        check=True,
        timeout=_PATIENCE_S,
    )


def _profiler(folder: Path) -> Path:
    """async-profiler's library, fetched by Maven."""
    copy = ["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={_PROFILER}"]
    subprocess.run([*copy, f"-DoutputDirectory={folder}"], check=True)
    (jar,) = folder.glob("async-profiler-*.jar")
    with zipfile.ZipFile(jar) as zipped:
        return Path(zipped.extract("linux-x64/libasyncProfiler.so", folder))


if __name__ == "__main__":
    typer.run(main)
