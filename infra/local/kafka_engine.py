"""One Kafka broker and controller (KRaft) on loopback."""

import base64
import subprocess
import uuid

from infra.engine import EngineError, Heap
from infra.local import artifacts, tools
from infra.local.engine import Launch, LocalEngine
from infra.local.state import StateFile
from infra.probes import kafka_answers

_FORMAT_TIMEOUT_S = 60
_HEAP = {
    "tests": ["-Xmx512m", "-XX:+UseSerialGC"],
    "benchmarks": ["-Xms512m", "-Xmx1g", "-XX:+UseG1GC"],
}


class KafkaEngine(LocalEngine):
    """Ports: `client`, and `controller` for itself."""

    name = "kafka"
    port_names = ("client", "controller")

    def __init__(self, state: StateFile, heap: Heap) -> None:
        super().__init__(state)
        self._heap = heap

    def version(self) -> str:
        return artifacts.version(self.name)

    def launch(self, on: dict[str, int]) -> Launch:
        properties = self.home / "server.properties"
        logging = self.home / "log4j2.xml"
        argv = [
            tools.java(),
            *_HEAP[self._heap],
            # The second compiler works for minutes, longer than the broker lives here.
            "-XX:TieredStopAtLevel=1",
            "-XX:+ExitOnOutOfMemoryError",
            f"-XX:ErrorFile={self.home}/crash.log",
            f"-Dfoldline.log={self.log}",
            f"-Dlog4j2.configurationFile={logging}",
            "-cp",
            f"{artifacts.library(self.name)}/*",
            "kafka.Kafka",
            str(properties),
        ]
        files = {
            properties: self.template("server.properties", data=self.data, **on),
            logging: (self.templates / "log4j2.xml").read_text(),
        }
        return Launch(argv, files)

    def prepare(self, launch: Launch) -> None:
        """Write the files; format the data directory, unless that is done."""
        super().prepare(launch)
        if (self.data / "meta.properties").exists():
            return
        *java, _, properties = launch.argv
        command = [*java, "kafka.tools.StorageTool", "format", "-t", _cluster_id()]
        result = subprocess.run(
            [*command, "-c", properties],
            capture_output=True,
            text=True,
            timeout=_FORMAT_TIMEOUT_S,
            check=False,
        )
        if result.returncode != 0:
            raise EngineError(f"kafka cannot format {self.data}:\n{result.stderr[-2000:]}")

    def answers(self, host: str, port: int) -> bool:
        return kafka_answers(host, port)


def _cluster_id() -> str:
    """22 base64url characters; a leading dash would read as an option."""
    text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return "a" + text[1:] if text.startswith("-") else text
