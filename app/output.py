"""Data for the caller, on stdout."""

import orjson
from rich.console import Console

stdout = Console(highlight=False, soft_wrap=True)


def print_json(value: object) -> None:
    """`value` (dataclasses included) as one line of JSON."""
    stdout.out(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode(), highlight=False)
