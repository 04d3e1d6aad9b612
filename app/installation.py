"""An installation that runs: what `foldline dev`, the imports and the tests work with."""

from collections.abc import Mapping
from dataclasses import dataclass

from foldline.profiles import Profile
from foldline.web.operation import Check
from foldline.web.server import Listening
from ingest.commands import Commands


@dataclass(frozen=True, slots=True)
class Installation:
    """Opened stores, command handlers over them, HTTP in front of both services, and `checks` of
    every part."""

    profile: Profile
    commands: Commands
    http: Listening
    checks: Mapping[str, Check]
