"""Long work in processes beside this one, so that its loop is free.

They are begun when they are needed, and end with the one that began them, also when it is killed:
each has one end of a pipe whose other end is its parent's alone. Each is a pool of one: a pool of
several does not see the end of one that was begun while it waited for others, and its work would
never end; and what ends one process is no matter to the work in the others.
"""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from typing import Final, TypeVar

from foldline.errors import UnavailableError

Answer = TypeVar("Answer")
_GONE: Final = 1


class Processes:
    """Does one thing at a time in each of a few processes; more wait."""

    def __init__(self, most: int, begin: Callable[[], None]) -> None:
        """So many processes at most; `begin` is what each calls first, and stands in a module."""
        self._all = tuple(_Process(begin) for _ in range(most))
        self._idle = list(self._all)
        self._free = asyncio.Semaphore(most)
        self._works: set[asyncio.Task[object]] = set()
        self._closed = False

    async def run(self, work: Callable[..., Answer], *arguments: object) -> Answer:
        """Call it in a process and give its answer, or raise its error; it stands in a module.
        Cancelled, it is done all the same. Raises `UnavailableError` if the process was ended
        meanwhile, or all are closed."""
        task = asyncio.ensure_future(self._run(work, arguments))
        self._works.add(task)
        task.add_done_callback(self._works.discard)
        return await asyncio.shield(task)

    async def close(self) -> None:
        """End all processes, whatever they do. Idempotent."""
        self._closed = True
        for process in self._all:
            process.kill()
        if self._works:
            await asyncio.wait(self._works)
        while self._idle:  # each is shut down once: twice closes a descriptor that is another's
            await self._idle.pop().end()

    async def _run(self, work: Callable[..., Answer], arguments: tuple[object, ...]) -> Answer:
        async with self._free:
            if self._closed:
                raise UnavailableError("no work is begun any more: this process is about to end")
            process = self._idle.pop()
            try:
                return await process.run(work, arguments)
            finally:
                self._idle.append(process)


class _Process:
    """One process at most, begun with the first work, and anew with the next after it was ended."""

    def __init__(self, begin: Callable[[], None]) -> None:
        self._first = begin
        self._prepare()

    async def run(self, work: Callable[..., Answer], arguments: tuple[object, ...]) -> Answer:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)
        except BrokenProcessPool as error:
            await self.end()
            self._prepare()
            raise UnavailableError("the process that worked on it was ended: try again") from error

    def kill(self) -> None:
        self._alive.close()

    async def end(self) -> None:
        self.kill()
        await asyncio.to_thread(self._pool.shutdown)

    def _prepare(self) -> None:
        spawn = multiprocessing.get_context("spawn")
        theirs, self._alive = spawn.Pipe(duplex=False)
        self._pool = ProcessPoolExecutor(
            1, mp_context=spawn, initializer=_begin, initargs=(theirs, self._first)
        )


def _begin(parents: Connection, begin: Callable[[], None]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, whose end is ours
    threading.Thread(target=_end_with, args=(parents,), daemon=True).start()
    begin()


def _end_with(parents: Connection) -> None:
    parents.poll(None)
    os._exit(_GONE)
