"""One Redis on loopback that keeps nothing on disk."""

import subprocess

from infra.local import tools
from infra.local.engine import Launch, LocalEngine
from infra.probes import redis_answers


class RedisEngine(LocalEngine):
    """Port: `client`. The machine's own redis-server, with our own settings."""

    name = "redis"

    def version(self) -> str:
        """From `Redis server v=7.0.15 sha=…`, once the machine has one."""
        if not tools.has_redis():
            return "not installed"
        shown = subprocess.run(
            [tools.redis_server(), "--version"], capture_output=True, text=True, check=True
        )
        return shown.stdout.partition("v=")[2].partition(" ")[0]

    def launch(self, on: dict[str, int]) -> Launch:
        settings = self.home / "redis.conf"
        text = self.template("redis.conf", data=self.data, log=self.log, **on)
        return Launch([tools.redis_server(), str(settings)], {settings: text})

    def answers(self, host: str, port: int) -> bool:
        return redis_answers(host, port)
