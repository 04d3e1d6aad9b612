"""A social graph into an installation, through the same command handlers as HTTP.

The file has one edge a line, two node numbers: friends, so each is imported as two follows.
Accounts are named `<prefix><node>`. After each chunk a checkpoint is written, so a killed import
goes on where it was; what it then repeats of a chunk changes nothing.
"""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from foldline.core.position import Position
from foldline.errors import (
    AppendUnknownError,
    ConflictError,
    InvalidError,
    UnavailableError,
)
from foldline.web.call import Call
from ingest.accounts import UserIn, create_user
from ingest.commands import Commands
from ingest.follows import follow
from ingest.tweets import TweetIn, post_tweet

Item = TypeVar("Item")
Advance = Callable[[int], None]

_CHUNK: Final = 256
_PACED_CHUNK: Final = 64
_PACE_MAX_S: Final = 5.0
_TRIES_MAX: Final = 60
_RETRY_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Graph:
    """People by their number in the file, and who follows whom, in the file's order."""

    digest: str
    nodes: list[int]
    follows: list[tuple[int, int]]

    @property
    def steps(self) -> int:
        """How much an import has to do: accounts and follows."""
        return len(self.nodes) + len(self.follows)


def read_graph(path: Path) -> Graph:
    """The graph in a file of edges; InvalidError names the line that is none."""
    raw = path.read_bytes()
    follows: list[tuple[int, int]] = []
    for number, line in enumerate(raw.decode("utf-8", "replace").splitlines(), start=1):
        if not line.strip() or line.startswith(("#", "%")):
            continue
        words = line.split()
        if len(words) < 2 or not (words[0].isdecimal() and words[1].isdecimal()):
            raise InvalidError(f"{path}, line {number}: {line[:40]!r} is not an edge")
        one, other = int(words[0]), int(words[1])
        if one != other:
            follows += [(one, other), (other, one)]
    nodes = sorted({node for edge in follows for node in edge})
    return Graph(hashlib.sha256(raw).hexdigest(), nodes, follows)


class GraphImport:
    """One import of a graph; `run` may be called again after any failure."""

    def __init__(
        self,
        commands: Commands,
        graph: Graph,
        checkpoint: Path,
        prefix: str,
        *,
        hello: str = "",
        paced: bool = False,
    ) -> None:
        """`checkpoint`: the file that remembers how far it is; `hello`: what each account posts
        after all follows, nothing if empty; `paced`: go no faster than the views follow."""
        self._commands = commands
        self._graph = graph
        self._checkpoint = checkpoint
        self._prefix = prefix
        self._hello = hello
        self._chunk = _PACED_CHUNK if paced else _CHUNK
        self._paced = paced
        self._ids: dict[int, int] = {}

    @property
    def done(self) -> bool:
        """Whether an earlier run came to the end."""
        return self._follows_done() >= len(self._graph.follows)

    async def run(self, advance: Advance) -> None:
        """Import what is not yet imported; `advance` is told each step's size."""
        await self._each(self._graph.nodes, self._account, advance)
        begun = self._follows_done()
        advance(begun)
        for start in range(begun, len(self._graph.follows), self._chunk):
            chunk = self._graph.follows[start : start + self._chunk]
            await asyncio.gather(*(self._follow(*edge) for edge in chunk))
            await self._pace()
            if start + self._chunk >= len(self._graph.follows) and self._hello:
                await self._each(self._graph.nodes, self._say_hello, lambda _: None)
            self._remember(start + len(chunk))
            advance(len(chunk))

    async def _each(
        self, items: Sequence[Item], do: Callable[[Item], Awaitable[None]], advance: Advance
    ) -> None:
        for start in range(0, len(items), self._chunk):
            chunk = items[start : start + self._chunk]
            await asyncio.gather(*(do(item) for item in chunk))
            await self._pace()
            advance(len(chunk))

    async def _pace(self) -> None:
        """Wait, not for ever, until the views have what the log has now."""
        if self._paced:
            ends = await self._commands.log.ends()
            last = [Position(p, end - 1) for p, end in enumerate(ends) if end]
            await self._commands.watch.passed(last, _PACE_MAX_S)

    async def _account(self, node: int) -> None:
        username = f"{self._prefix}{node}"
        body = UserIn(username=username, display_name=f"{self._prefix.strip('_')} {node}")
        for _ in range(_TRIES_MAX):
            known = await self._commands.views.account_id(username)
            if known is not None:
                self._ids[node] = known
                return
            try:
                answer = await create_user(self._commands, Call(None, {}, body, None, ()))
            except (ConflictError, UnavailableError, AppendUnknownError):
                await asyncio.sleep(_RETRY_S)  # claimed and not yet folded, or a passing fault
                continue
            self._ids[node] = int(answer.body.user_id)  # type: ignore[union-attr]
            return
        raise ConflictError(f"the username {username!r} is taken, but by no account")

    async def _follow(self, follower: int, followee: int) -> None:
        path = {"user_id": str(self._ids[followee])}
        call: Call[None, None] = Call(self._ids[follower], path, None, None, ())
        await self._steadily(lambda: follow(self._commands, call))

    async def _say_hello(self, node: int) -> None:
        body = TweetIn(text=self._hello.format(node=node), idempotency_key="graph-hello")
        call: Call[TweetIn, None] = Call(self._ids[node], {}, body, None, ())
        await self._steadily(lambda: post_tweet(self._commands, call))

    async def _steadily(self, command: Callable[[], Awaitable[object]]) -> None:
        for left in reversed(range(_TRIES_MAX)):
            try:
                await command()
            except (UnavailableError, AppendUnknownError):
                if left == 0:
                    raise
                await asyncio.sleep(_RETRY_S)
            else:
                return

    def _follows_done(self) -> int:
        try:
            found = json.loads(self._checkpoint.read_text())
        except (FileNotFoundError, ValueError):
            return 0
        same = found.get("digest") == self._graph.digest and found.get("prefix") == self._prefix
        return int(found["follows"]) if same else 0

    def _remember(self, follows: int) -> None:
        state = {"digest": self._graph.digest, "prefix": self._prefix, "follows": follows}
        fresh = self._checkpoint.with_suffix(".new")
        fresh.write_text(json.dumps(state))
        fresh.replace(self._checkpoint)
