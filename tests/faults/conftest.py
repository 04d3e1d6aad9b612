"""Engines that may be killed, apart from those of all the other tests."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from infra.engines import EngineStack
from infra.stack import local_stack


@pytest.fixture(scope="package")
def own_engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineStack]:
    """Kafka, Cassandra and Redis for these tests alone, ended with them."""
    stack = local_stack(tmp_path_factory.mktemp("engines"))
    with ThreadPoolExecutor(1) as outside:  # the probes run event loops of their own
        outside.submit(stack.up, print).result()
        yield stack
        outside.submit(stack.down).result()
