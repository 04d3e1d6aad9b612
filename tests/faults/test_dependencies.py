"""One of the engines is gone, killed or mute: what then still works, what is refused, and that all
is well again without a hand once the engine is back."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import pytest

from app.compose import checks_of, serve
from foldline.settings import Settings
from infra.engine import Engine
from infra.engines import EngineStack
from tests.faults.town import RECOVERY_S, until
from tests.flow.client import Client, Reply
from tests.flow.looks import learned, profile_faults
from tests.flow.walks import home_faults
from tests.flow.worlds import World, world
from tests.oracle.commands import Posted

pytestmark = pytest.mark.engines

TWEETS: Final = "/api/v1/tweets"
TIMELINE: Final = "/api/v1/timeline"
UNKNOWN: Final = (503, 504)
PATIENCE_S: Final = 3.0  # of every request, in this installation
NOTICED_S: Final = 10.0  # until a mute engine is known to be so
WAYS: Final = ("killed", "paused")
ENOUGH: Final = 1_000_000


@dataclass
class Scene:
    """`url` is of services that know of ann and bob, `fresh` of one that has heard of nobody.
    `tried`: the keys of posts that were refused, or whose fate is unknown, and when each was first
    sent: a repeat has the id that was given then."""

    world: World
    fresh: str
    ann: int
    bob: int
    tweet: int
    tried: dict[str, int] = field(default_factory=dict)

    @property
    def client(self) -> Client:
        return self.world.client

    @property
    def url(self) -> str:
        return self.client.ingest

    async def post(self, key: str | None = None, url: str | None = None) -> Reply:
        """A tweet of ann's, under a key or none."""
        sent = self.tried.get(key or "", len(self.client.acknowledged))
        text = uuid.uuid4().hex if key is None else f"under {key}"
        body = {"text": text} | ({} if key is None else {"idempotency_key": key})
        reply = await self.client.ask("POST", (url or self.url) + TWEETS, self.ann, json=body)
        if reply.status == HTTPStatus.CREATED:
            self.client.saw(reply)
            tweet = int(reply.body["tweet_id"])
            self.client.acknowledged.append(Posted(self.ann, tweet, text, sent=sent))
            self.tried.pop(key or "", None)
        elif key is not None:
            self.tried[key] = sent
        return reply

    async def reads(self) -> dict[str, Reply]:
        """Reads of every kind, without the cursors, which tell the time."""
        paths = (
            TIMELINE,
            f"{TWEETS}/{self.tweet}",
            f"{TWEETS}/{self.tweet}/thread",
            f"/api/v1/users/{self.ann}",
            f"/api/v1/users/{self.ann}/followers",
        )
        asked = (self.client.ask("GET", self.url + path, self.bob) for path in paths)
        replies = await asyncio.gather(*asked)
        for reply in replies:
            reply.body.pop("next_cursor", None)
            reply.body.pop("prev_cursor", None)
        return dict(zip(paths, replies, strict=True))

    async def repeats(self) -> dict[str, Reply]:
        """Commands that change nothing, but must ask the store and the log."""
        asked: dict[str, tuple[str, int | None, dict[str, Any]]] = {
            "/api/v1/users": ("POST", None, {"json": {"username": uuid.uuid4().hex[:20]}}),
            f"/api/v1/users/{self.ann}/follow": ("POST", self.bob, {}),
            f"/api/v1/users/{self.bob}/block": ("DELETE", self.ann, {}),
        }
        replies = await asyncio.gather(
            *(
                self.client.ask(method, self.url + path, user, **more)
                for path, (method, user, more) in asked.items()
            )
        )
        return dict(zip(asked, replies, strict=True))

    async def ready(self) -> Reply:
        return await self.client.ask("GET", f"{self.url}/readyz?verbose")

    async def assert_all_is_well(self) -> None:
        """Commands are taken again, what was refused among them; all is folded, and what is served
        is what the oracle says: each tweet once."""

        async def is_ready() -> bool:
            return (await self.ready()).status == HTTPStatus.OK

        async def takes() -> bool:
            # Under a key, since that asks the log, the views and the control store.
            return (await self.post(uuid.uuid4().hex)).status == HTTPStatus.CREATED

        await until("readiness", is_ready, RECOVERY_S)
        await until("a command to be taken", takes, RECOVERY_S)
        for key in sorted(self.tried):
            assert (await self.post(key)).status == HTTPStatus.CREATED
        assert {reply.status for reply in (await self.repeats()).values()} <= {200, 201, 204}
        await self.client.folded()
        oracle, faults = await learned(self.client)
        for user in (self.ann, self.bob):
            faults += await home_faults(self.client, oracle, user, limit=100)
            faults += await profile_faults(self.client, oracle, user)
        assert faults == []


@pytest.fixture(scope="module")
async def scene(
    own_engines: EngineStack, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Scene]:
    ends = own_engines.endpoints()
    settings = Settings(
        profile="distributed",
        data_dir=tmp_path_factory.mktemp("scene"),
        keyspace="scene",
        topic="scene",
        port=0,
        admin_port=0,
        auth="trusted-header",
        limit_tweets=ENOUGH,
        limit_follows=ENOUGH,
        limit_reads=ENOUGH,
        limit_reads_per_ip=ENOUGH,
        kafka_bootstrap=ends.kafka_bootstrap,
        cassandra_hosts=ends.cassandra_host,
        cassandra_port=ends.cassandra_port,
        redis_url=ends.redis_url,
        partitions=2,
        buckets=4,
        session_timeout_s=6.0,
        append_timeout_s=PATIENCE_S - 1,
        store_timeout_s=PATIENCE_S - 1,
        store_heartbeat_s=1,
        request_timeout_s=PATIENCE_S,
    )
    async with world(settings) as made:
        client = made.client
        ann, bob = [await client.join(name) for name in ("ann", "bob")]
        await client.follow(bob, ann)
        tweet = await client.post(ann, "before anything broke")
        await client.post(bob, "an answer", tweet)
        await client.like(bob, tweet)
        await client.folded()
        own = settings.model_copy(update={"node_id": 9})
        fresh = await serve(made.profile, own, "ingest", checks_of(made.profile))
        try:
            yield Scene(made, fresh.url, ann, bob, tweet)
        finally:
            await fresh.close()


@pytest.fixture(autouse=True)
async def well_again(scene: Scene) -> AsyncIterator[None]:
    """Whatever a test did, all heals before the next one."""
    yield
    await scene.assert_all_is_well()


@asynccontextmanager
async def without(engine: Engine, way: str) -> AsyncIterator[None]:
    """The block runs without the engine, which then comes back by itself."""
    await asyncio.to_thread(engine.kill if way == "killed" else engine.pause)
    try:
        yield
    finally:
        await asyncio.to_thread(engine.start)
        await asyncio.to_thread(engine.wait_healthy)


async def refused(scene: Scene, ask: Callable[[], Awaitable[Reply]]) -> None:
    """Wait until it is known that nothing can be done; from the first on no request hangs."""

    async def is_refused() -> bool:
        begun = time.monotonic()
        reply = await ask()
        assert time.monotonic() - begun < 2 * PATIENCE_S
        assert reply.status in (*UNKNOWN, 200, 201, 204), reply.body
        return reply.status in UNKNOWN

    await until("a refusal", is_refused, NOTICED_S)


def assert_refused(replies: dict[str, Reply]) -> None:
    for what, reply in replies.items():
        assert reply.status in UNKNOWN, (what, reply.status, reply.body)
        assert reply.headers["Content-Type"].startswith("application/problem+json")
        assert "Foldline-Position" not in reply.headers
        if reply.status == HTTPStatus.SERVICE_UNAVAILABLE:
            assert int(reply.headers["Retry-After"]) > 0, what


@pytest.mark.parametrize("way", WAYS)
async def test_without_the_log_commands_are_refused_and_reads_go_on(
    scene: Scene, own_engines: EngineStack, way: str
) -> None:
    before = await scene.reads()
    async with without(own_engines.kafka, way):
        await refused(scene, lambda: scene.post(uuid.uuid4().hex))
        posts = await asyncio.gather(*(scene.post(uuid.uuid4().hex) for _ in range(4)))
        assert_refused({f"post {number}": reply for number, reply in enumerate(posts)})
        assert_refused(await scene.repeats())
        during = await scene.reads()
        health = await scene.ready()
    assert [reply.status for reply in during.values()] == [HTTPStatus.OK] * len(during)
    for path, reply in during.items():
        assert reply.body == before[path].body, path
    assert health.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert health.body["parts"]["log"] != "ok"


@pytest.mark.parametrize("way", WAYS)
async def test_without_the_store_a_known_account_may_post_and_nothing_else_goes(
    scene: Scene, own_engines: EngineStack, way: str
) -> None:
    assert (await scene.post()).status == HTTPStatus.CREATED
    async with without(own_engines.cassandra, way):
        url = f"{scene.url}{TWEETS}/{scene.tweet}"
        await refused(scene, lambda: scene.client.ask("GET", url, scene.bob))
        posts = await asyncio.gather(*(scene.post() for _ in range(4)))
        # A newest page of less than a second ago needs no store either.
        await refused(scene, lambda: scene.client.ask("GET", scene.url + TIMELINE, scene.bob))
        assert_refused(await scene.reads())
        # Who was looked up less than a second ago is known, and needs no store.
        unblock = f"{scene.url}/api/v1/users/{scene.bob}/block"
        await refused(scene, lambda: scene.client.ask("DELETE", unblock, scene.ann))
        assert_refused(await scene.repeats())
        assert_refused({"keyed": await scene.post(uuid.uuid4().hex)})
        assert_refused({"by a stranger to the service": await scene.post(url=scene.fresh)})
        health = await scene.ready()
    assert [reply.status for reply in posts] == [HTTPStatus.CREATED] * len(posts)
    assert health.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert health.body["parts"]["views"] != "ok"


@pytest.mark.parametrize("way", WAYS)
async def test_without_redis_nothing_changes_but_speed(
    scene: Scene, own_engines: EngineStack, way: str
) -> None:
    before = await scene.reads()
    async with without(own_engines.redis, way):
        for _ in range(5):
            begun = time.monotonic()
            during = await scene.reads()
            assert time.monotonic() - begun < PATIENCE_S
            for path, reply in during.items():
                assert (reply.status, reply.body) == (HTTPStatus.OK, before[path].body), path
        assert (await scene.post(uuid.uuid4().hex)).status == HTTPStatus.CREATED
        assert {reply.status for reply in (await scene.repeats()).values()} <= {200, 201, 204}
        assert (await scene.ready()).status == HTTPStatus.OK
        await scene.assert_all_is_well()
