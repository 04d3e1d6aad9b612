"""Local engines for the distributed profile: where they are kept, and how to reach them."""

from pathlib import Path

from foldline.settings import Settings
from infra.engine import Endpoints, EngineError
from infra.stack import local_stack


def engines_dir(data_dir: Path) -> Path:
    """Where the engines of a data directory keep their state."""
    return data_dir / "engines"


def with_endpoints(settings: Settings, ends: Endpoints) -> Settings:
    """The settings, with these engines."""
    return settings.model_copy(update=addresses(ends))


def addresses(ends: Endpoints) -> dict[str, str | int]:
    """The settings that name these engines."""
    return {
        "kafka_bootstrap": ends.kafka_bootstrap,
        "cassandra_hosts": ends.cassandra_host,
        "cassandra_port": ends.cassandra_port,
        "redis_url": ends.redis_url,
    }


def with_local_engines(settings: Settings) -> Settings:
    """The settings, with the engines of the data directory, where it has any and no address was
    given."""
    place = engines_dir(settings.data_dir)
    given = {"kafka_bootstrap", "cassandra_hosts", "cassandra_port"} & settings.model_fields_set
    if settings.profile != "distributed" or given or not place.exists():
        return settings
    try:
        return with_endpoints(settings, local_stack(place).endpoints())
    except EngineError:
        return settings
