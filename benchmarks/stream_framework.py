"""Stream-Framework, a library of our own language, delivers the same posts.

It needs older libraries than ours, so it has an environment of its own, `.venv-peers`.
"""

import asyncio
import json
import os
import tempfile
import uuid
from pathlib import Path
from typing import Any, Final, Literal

from benchmarks.installation import Measured, blocking_session
from benchmarks.processor_time import ProcessorTime
from benchmarks.rounds import Figures
from foldline.core.ids import IntArray
from infra.engines import EngineStack

Store = Literal["redis", "redis-batched", "cassandra"]
PYTHON: Final = Path(__file__).parents[1] / ".venv-peers" / "bin" / "python"
_MAY_MAKE_TABLES: Final = {"CQLENG_ALLOW_SCHEMA_MANAGEMENT": "1"}  # else the driver warns
_PROGRAM: Final = Path(__file__).parent / "peers" / "stream_framework_feeds.py"


async def stream_framework(
    store: Store, made: Measured, posts: IntArray, stack: EngineStack
) -> Figures:
    """Deliver these posts by its two best workers."""
    server = stack.cassandra if store == "cassandra" else stack.redis
    keyspace = f"p{uuid.uuid4().hex[:12]}"
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump([made.work.audiences[at].tolist() for at in posts.tolist()], file)
        file.flush()
        used = ProcessorTime({store.partition("-")[0]: server.pid})
        process = await asyncio.create_subprocess_exec(
            *(str(PYTHON), str(_PROGRAM), store, str(server.port), keyspace, file.name),
            stdout=asyncio.subprocess.PIPE,
            env=os.environ | _MAY_MAKE_TABLES,
        )
        said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"Stream-Framework on {store} ended with {process.returncode}")
    found: dict[str, Any] = json.loads(said)
    rows = found["deliveries"]
    client_us = found.pop("client_us_per_delivery")
    if store == "cassandra":
        await asyncio.to_thread(_drop, made, keyspace)
    return found | {"cpu_us_per_delivery": {"client": client_us} | used.us_each(rows)}


def _drop(made: Measured, keyspace: str) -> None:
    with blocking_session(made.settings) as session:
        session.execute(f"DROP KEYSPACE IF EXISTS {keyspace}", timeout=60)
