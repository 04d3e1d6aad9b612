"""Kafka, Cassandra and Redis as containers, for machines where a Docker engine answers."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient
from testcontainers.core.image import DockerImage

from infra import engines
from infra.engine import (
    AS_TESTED,
    LOOPBACK,
    START_TIMEOUT_S,
    STOP_TIMEOUT_S,
    EngineError,
    EngineStatus,
    Heap,
    Say,
    Tuning,
)
from infra.engines import EngineStack
from infra.local import ports
from infra.probes import cassandra_answers, kafka_answers, redis_answers

_CASSANDRA = Path(__file__).parent / "cassandra"
_SETTINGS, _PORT = "foldline.settings", "foldline.port"


@dataclass(frozen=True)
class Recipe:
    """How to make an engine's container; the environment depends on the port on the host.

    `port` is the one inside; 0 means the same as on the host.
    """

    name: str
    image: str
    port: int
    data: str
    environment: Callable[[int], dict[str, str]]
    answers: Callable[[str, int], bool]
    command: str = ""
    build: dict[str, str] | None = None


class ContainerEngine:
    """One container of one state directory; an `infra.engine.Engine`.

    Its data are in a volume of the container's name, so a container made anew finds them.
    """

    def __init__(self, recipe: Recipe, container_name: str) -> None:
        self.name = recipe.name
        self._container_name = container_name
        self._recipe = recipe
        # The reaper would end the containers with the process that started them.
        testcontainers_config.ryuk_disabled = True
        self._docker = DockerClient().client

    @property
    def port(self) -> int:
        """The clients' port. Raises EngineError if there is no container yet."""
        found = self._found()
        if found is None:
            raise EngineError(f"{self.name} was never started here")
        return int(found.labels[_PORT])

    @property
    def pid(self) -> int | None:
        """The host's number of the container's process; None while it is down."""
        found = self._found("running", "paused")
        return int(found.attrs["State"]["Pid"]) if found is not None else None

    def version(self) -> str:
        """The image's tag."""
        return self._recipe.image.partition(":")[2]

    def start(self) -> None:
        """Make the container, or start, wake or renew the one there is."""
        found = self._found()
        on = int(found.labels[_PORT]) if found is not None else 0
        if found is not None and found.labels.get(_SETTINGS) != self._settings(on):
            found.stop(timeout=int(STOP_TIMEOUT_S))
            found.remove()
            found = None
        if found is None:
            self._make(on or ports.pick(["client"], ())["client"])
        elif found.status == "paused":
            found.unpause()
        elif found.status != "running":
            found.start()

    def stop(self) -> None:
        """SIGTERM, SIGKILL after 20 s."""
        found = self._found()
        if found is not None:
            self.resume()
            found.stop(timeout=int(STOP_TIMEOUT_S))

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        found = self._found("running", "paused")
        if found is not None:
            found.kill()
            found.wait(timeout=STOP_TIMEOUT_S)

    def pause(self) -> None:
        """Freeze it."""
        found = self._found("running")
        if found is not None:
            found.pause()

    def resume(self) -> None:
        """Go on."""
        found = self._found("paused")
        if found is not None:
            found.unpause()

    def healthy(self) -> bool:
        """True if the container runs and answers a request."""
        found = self._found("running")
        return found is not None and self._recipe.answers(LOOPBACK, int(found.labels[_PORT]))

    def wait_healthy(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Wait until healthy. Raises EngineError with the log's end."""
        engines.wait_healthy(self, timeout_s, self._failure)

    def status(self) -> EngineStatus:
        """As it is now."""
        pid = self.pid
        return EngineStatus(
            name=self.name,
            version=self.version(),
            pid=pid,
            port=self.port if pid is not None else None,
            healthy=self.healthy(),
        )

    def _failure(self, what: str) -> str:
        found = self._found()
        tail = found.logs(tail=25).decode(errors="replace") if found is not None else ""
        return (
            f"{self.name} {what}. The end of its log:\n{tail}\nTo start afresh: "
            f"docker rm -f {self._container_name}; docker volume rm {self._container_name}"
        )

    def _make(self, on: int) -> None:
        recipe = self._recipe
        if recipe.build is not None:
            image = DockerImage(
                path=_CASSANDRA, tag=recipe.image, clean_up=False, buildargs=recipe.build
            )
            image.build()
        container = DockerContainer(recipe.image).with_name(self._container_name)
        container.with_volume_mapping(self._container_name, recipe.data, "rw")
        for key, value in recipe.environment(on).items():
            container.with_env(key, value)
        if recipe.command:
            container.with_command(recipe.command)
        # with_bind_ports knows no address and would publish on all of them.
        container.ports[f"{recipe.port or on}/tcp"] = (LOOPBACK, on)
        container.with_kwargs(labels={_SETTINGS: self._settings(on), _PORT: str(on)})
        container.start()

    def _settings(self, on: int) -> str:
        recipe = self._recipe
        text = f"{recipe.image} {recipe.environment(on)} {recipe.command} {recipe.build}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _found(self, *statuses: str) -> Any:
        """The docker SDK's container, if it is there and in one of these states; else None."""
        wanted = {"name": f"^/?{self._container_name}$"}
        found = next(iter(self._docker.containers.list(all=True, filters=wanted)), None)
        if found is None or (statuses and found.status not in statuses):
            return None
        return found


class ContainerStack(EngineStack):
    """The images are pulled, and Cassandra's is built, at the first start."""

    def __init__(self, state_dir: Path, tuning: Tuning = AS_TESTED) -> None:
        digest = hashlib.sha256(str(state_dir.absolute()).encode()).hexdigest()[:10]
        recipes = (_kafka(tuning.heap), _cassandra(tuning), _redis())
        super().__init__(
            *(ContainerEngine(recipe, f"foldline-{digest}-{recipe.name}") for recipe in recipes)
        )

    def install(self, say: Say) -> None:
        """Nothing before the images, which start() gets."""
        say("using containers")


def _kafka(heap: Heap) -> Recipe:
    def environment(on: int) -> dict[str, str]:
        return {
            "KAFKA_NODE_ID": "1",
            "KAFKA_PROCESS_ROLES": "broker,controller",
            "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
            "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
            "KAFKA_LISTENERS": f"PLAINTEXT://:{on},CONTROLLER://:9093",
            "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{LOOPBACK}:{on}",
            "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "KAFKA_INTER_BROKER_LISTENER_NAME": "PLAINTEXT",
            "KAFKA_LOG_DIRS": "/var/lib/kafka/data",
            "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
            "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "4",
            "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
            "KAFKA_OFFSETS_RETENTION_MINUTES": "5256000",
            "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
            "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
            "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR": "1",
            "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR": "1",
            "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
            "KAFKA_BROKER_SESSION_TIMEOUT_MS": "3000",
            "KAFKA_BROKER_HEARTBEAT_INTERVAL_MS": "500",
            "KAFKA_HEAP_OPTS": "-Xmx512m" if heap == "tests" else "-Xms512m -Xmx1g",
        }

    return Recipe(
        name="kafka",
        image="apache/kafka:4.3.1",
        # One number inside and outside, so that the advertised address holds in both places.
        port=0,
        data="/var/lib/kafka/data",
        environment=environment,
        answers=kafka_answers,
    )


def _cassandra(tuning: Tuning) -> Recipe:
    size = "768M" if tuning.heap == "tests" else "2G"
    return Recipe(
        name="cassandra",
        image=f"foldline-cassandra:5.0.9-{tuning.commitlog_sync}",
        port=9042,
        data="/var/lib/cassandra",
        environment=lambda _: {"MAX_HEAP_SIZE": size, "HEAP_NEWSIZE": "200M"},
        answers=cassandra_answers,
        build={"COMMITLOG_SYNC": tuning.commitlog_sync},
    )


def _redis() -> Recipe:
    return Recipe(
        name="redis",
        image="redis:7.2.5-alpine",
        port=6379,
        data="/data",
        environment=lambda _: {},
        answers=redis_answers,
        command="redis-server --save '' --appendonly no --maxmemory 256mb"
        " --maxmemory-policy allkeys-lru",
    )
