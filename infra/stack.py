"""The engines, from containers where a Docker engine answers, else as local processes."""

import importlib.util
import shutil
import subprocess
from pathlib import Path

from infra.engine import AS_TESTED, Tuning
from infra.engines import EngineStack
from infra.local.stack import LocalStack

_ASK_TIMEOUT_S = 10


def local_stack(state_dir: Path, tuning: Tuning = AS_TESTED) -> EngineStack:
    """The stack of a state directory on this machine; nothing is started yet."""
    if docker_answers() and importlib.util.find_spec("testcontainers") is not None:
        # testcontainers is a development dependency and asks for the engine when imported.
        from infra.docker.containers import ContainerStack

        return ContainerStack(state_dir, tuning)
    return LocalStack(state_dir, tuning)


def docker_answers() -> bool:
    """True if the docker command is here and reaches its engine."""
    docker = shutil.which("docker")
    if docker is None:
        return False
    try:
        asked = subprocess.run(
            [docker, "info"], capture_output=True, timeout=_ASK_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return asked.returncode == 0
