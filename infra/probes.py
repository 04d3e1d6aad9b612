"""Is a server healthy? Each probe is one request of the server's own protocol.

An open port proves nothing: a paused or dying server still accepts connections.
"""

import asyncio
import socket

import redis
from aiokafka import AIOKafkaClient
from aiokafka.errors import KafkaError
from cassandra import DriverException
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, NoHostAvailable
from cassandra.policies import WhiteListRoundRobinPolicy
from redis.backoff import NoBackoff
from redis.retry import Retry

PROBE_TIMEOUT_S = 3.0
_CQL_PROTOCOL = 5


def port_open(host: str, port: int) -> bool:
    """True if a connection is accepted: necessary for health, never enough."""
    try:
        with socket.create_connection((host, port), timeout=1.0):
            return True
    except OSError:
        return False


def kafka_answers(host: str, port: int) -> bool:
    """True if the metadata name at least one broker (a fenced broker names none)."""
    if not port_open(host, port):
        return False

    async def ask() -> bool:
        client = AIOKafkaClient(
            bootstrap_servers=f"{host}:{port}", request_timeout_ms=int(PROBE_TIMEOUT_S * 1000)
        )
        try:
            await asyncio.wait_for(client.bootstrap(), PROBE_TIMEOUT_S)
            return len(client.cluster.brokers()) > 0
        except (KafkaError, OSError, TimeoutError):
            return False
        finally:
            await client.close()

    return asyncio.run(ask())


def cassandra_answers(host: str, port: int) -> bool:
    """True if a CQL query is answered."""
    if not port_open(host, port):
        return False
    cluster = Cluster(
        [host],
        port=port,
        protocol_version=_CQL_PROTOCOL,
        connect_timeout=PROBE_TIMEOUT_S,
        control_connection_timeout=PROBE_TIMEOUT_S,
        execution_profiles={
            EXEC_PROFILE_DEFAULT: ExecutionProfile(
                load_balancing_policy=WhiteListRoundRobinPolicy([host]),
                request_timeout=PROBE_TIMEOUT_S,
            )
        },
        schema_metadata_enabled=False,
        token_metadata_enabled=False,
    )
    try:
        with cluster.connect() as session:
            row = session.execute("SELECT release_version FROM system.local").one()
            return row is not None
    except (NoHostAvailable, DriverException, OSError):
        return False
    finally:
        cluster.shutdown()


def redis_answers(host: str, port: int) -> bool:
    """True if PING is answered."""
    client = redis.Redis(
        host=host,
        port=port,
        socket_timeout=1.0,
        socket_connect_timeout=1.0,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        return bool(client.ping())
    except (redis.RedisError, OSError):
        return False
    finally:
        client.close()
