"""One Cassandra node on loopback, without JMX."""

from infra.engine import Tuning
from infra.local import artifacts, tools
from infra.local.engine import Launch, LocalEngine
from infra.local.state import StateFile
from infra.probes import cassandra_answers

_HEAP = {
    # In a short life the second compiler takes half of a start's time and gives nothing back.
    "tests": ["-Xmx768m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"],
    # The parallel collector is as fast, and stands still for four times as long.
    "benchmarks": ["-Xms4g", "-Xmx4g", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=50"],
}
# Its idle threads wait on short timers; where these may be late they take a tenth of a core less.
_LATE_TIMERS = ["/bin/sh", "-c", 'echo 500000 > /proc/self/timerslack_ns; exec "$0" "$@"']
# `group` acknowledges after fsync; `periodic` loses acknowledged rows on a kill -9.
_COMMITLOG = {
    "group": "commitlog_sync: group\ncommitlog_sync_group_window: 1ms",
    "periodic": "commitlog_sync: periodic\ncommitlog_sync_period: 10s",
}


class CassandraEngine(LocalEngine):
    """Ports: `client` (CQL), and `storage` for itself."""

    name = "cassandra"
    port_names = ("client", "storage")

    def __init__(self, state: StateFile, tuning: Tuning) -> None:
        super().__init__(state)
        self._tuning = tuning

    def version(self) -> str:
        return artifacts.version(self.name)

    def launch(self, on: dict[str, int]) -> Launch:
        library = artifacts.library(self.name)
        yaml = self.home / "cassandra.yaml"
        logging = self.home / "logback.xml"
        jamm = next(iter(sorted(library.glob("jamm-*.jar"))), library / "jamm.jar")
        argv = [
            *(_LATE_TIMERS if self._tuning.heap == "benchmarks" else []),
            tools.java(),
            *_HEAP[self._tuning.heap],
            *(self.templates / "jvm17.options").read_text().split(),
            "-XX:+ExitOnOutOfMemoryError",
            f"-XX:ErrorFile={self.home}/crash.log",
            f"-javaagent:{jamm}",
            f"-Dfoldline.log={self.log}",
            f"-Dlogback.configurationFile={logging}",
            f"-Dcassandra.config={yaml.as_uri()}",
            f"-Dcassandra.storagedir={self.data}",
            "-Dcassandra-foreground=yes",
            # One node has nobody to wait for.
            "-Dcassandra.skip_wait_for_gossip_to_settle=0",
            "-Dcassandra.ring_delay_ms=1",
            "-Dcassandra.superuser_setup_delay_ms=0",
            "-Dcassandra.shutdown_announce_in_ms=0",
            "-cp",
            f"{library}/*",
            "org.apache.cassandra.service.CassandraDaemon",
        ]
        commitlog = _COMMITLOG[self._tuning.commitlog_sync]
        files = {
            yaml: self.template("cassandra.yaml", data=self.data, commitlog=commitlog, **on),
            logging: (self.templates / "logback.xml").read_text(),
        }
        return Launch(argv, files)

    def answers(self, host: str, port: int) -> bool:
        return cassandra_answers(host, port)
