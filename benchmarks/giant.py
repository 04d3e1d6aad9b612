"""One tweet to a million followers, in the middle of everybody else's.

Twice: inside a backlog, for the worker's memory and its place in the group; and while others post
at a steady rate, for how long they have to wait because of it.
"""

from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.freshness import freshness
from benchmarks.installation import Measured, installation
from benchmarks.pipeline import delivered
from benchmarks.rounds import Figures
from benchmarks.workload import AUTHORS, Workload
from foldline.core.ids import IntArray
from infra.engines import EngineStack

_FOLLOWERS: Final = 1_000_000
_OF_OTHERS: Final = 40
_BACKLOG: Final = 20_000
_POSTS_PER_S: Final = 50
_POSTS: Final = 2_500
_GIANT: Final = np.array([AUTHORS])


async def giant(stack: EngineStack) -> Figures:
    """Both measurements, and the second once more without the giant."""
    work = _workload()
    numbers = {"promote_at": 2 * _FOLLOWERS, "demote_below": _FOLLOWERS}
    async with installation(stack.endpoints(), work, **numbers) as made_of:
        async with made_of.measured() as made:
            backlog = await _backlog(made)
        async with made_of.measured() as made:
            alone = await freshness(made, work.posts[:_POSTS], _POSTS_PER_S)
        async with made_of.measured() as made:
            beside = await freshness(made, work.posts[:_POSTS], _POSTS_PER_S, _GIANT)
    return backlog | {"others_alone": alone, "others_beside": beside}


def _workload() -> Workload:
    rng = np.random.default_rng(98)
    everybody = np.arange(1, _FOLLOWERS + 1, dtype=np.int64)
    others = [np.sort(rng.choice(everybody, _OF_OTHERS, replace=False)) for _ in range(AUTHORS)]
    authors = np.arange(_FOLLOWERS + 1, _FOLLOWERS + AUTHORS + 2, dtype=np.int64)
    posts = rng.integers(0, AUTHORS, size=_BACKLOG)
    return Workload(_FOLLOWERS, authors, [*others, everybody], posts)


async def _backlog(made: Measured) -> Figures:
    """The giant's tweet comes after a tenth of the others'."""
    at = _BACKLOG // 10
    posts: IntArray = np.concatenate([made.work.posts[:at], _GIANT, made.work.posts[at:]])
    rows = await made.post(posts)
    home = next(p for p, of in rows.items() if of.rows[-1] > _FOLLOWERS)
    others = {partition: of for partition, of in rows.items() if partition != home}
    theirs = sum(int(of.rows[-1]) for of in others.values())
    with made.worker(1) as said:
        began = (await delivered(made, rows, 1))[-1][0]
        done = await delivered(made, others, theirs)
        all_done = await delivered(made, rows, int(made.work.sizes[posts].sum()))
        memory_mb = _most_memory_mb(made.pid_of(1))
        return {
            "others_done_after_s": round(done[-1][0] - began, 1),
            "longest_stop_of_others_s": round(_longest_stop(done), 2),
            "all_done_after_s": round(all_done[-1][0] - began, 1),
            "worker_memory_mb": memory_mb,
            "assignments": said.read_text().count("partitions assigned"),
        }


def _longest_stop(seen: list[tuple[float, int]]) -> float:
    moved = [seen[0][0], *(at for (at, n), (_, m) in zip(seen[1:], seen, strict=False) if n > m)]
    return float(np.max(np.diff(moved), initial=0.0))


def _most_memory_mb(pid: int) -> int:
    """The most that a process ever had resident."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (most,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(most) // 1024
