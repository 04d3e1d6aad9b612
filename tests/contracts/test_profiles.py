"""No adapter escapes the suites."""

from foldline.profiles import PROFILES
from tests.conftest import PROFILE_PARAMS


def test_the_suites_run_over_every_profile() -> None:
    assert [param.values[0] for param in PROFILE_PARAMS] == list(PROFILES)
