"""`foldline` as an operator calls it."""

import json
from typing import Any

from tests.faults.processes import FOLDLINE, run
from tests.rebuild.world import RebuiltWorld


async def said(world: RebuiltWorld, *arguments: str, command: Any = FOLDLINE) -> tuple[int, Any]:
    """Of `foldline rebuild` the exit code, and what was printed: JSON where that was asked for."""
    return await ran(world, "rebuild", *arguments, command=command)


async def ran(world: RebuiltWorld, *arguments: str, command: Any = FOLDLINE) -> tuple[int, Any]:
    """The same of any command."""
    settings = world.settings
    numbers = {name: getattr(settings, name) for name in settings.model_fields_set}
    code, out, err = await run(*arguments, numbers=numbers, command=command)
    return code, json.loads(out) if "--json" in arguments and out else err
