"""One installation that believes tokens only, for all tests of who may do what."""

from collections.abc import AsyncIterator, Mapping

import pytest
from pydantic import SecretStr

from tests.conftest import WorldSettings
from tests.flow.worlds import World, world
from tests.matrix.cast import Cast, cast_of
from tests.matrix.tokens import bearer


@pytest.fixture(scope="package")
async def installation(package_settings: WorldSettings) -> AsyncIterator[World]:
    settings = package_settings(
        "embedded", auth="jwt", jwt_secret=SecretStr("k" * 64), lag_max_s=30.0
    )  # orders work beside it

    def headers(user: int, role: str) -> Mapping[str, str]:
        return bearer(settings, user, role)

    async with world(settings, headers) as running:
        yield running


@pytest.fixture
async def cast(installation: World) -> Cast:
    """People of a test's own."""
    return await cast_of(installation)


@pytest.fixture(scope="package")
async def witnesses(installation: World) -> Cast:
    """People to whom nothing is done."""
    return await cast_of(installation)
