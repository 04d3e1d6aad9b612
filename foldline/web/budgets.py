"""What callers are told of their budgets, as the IETF's draft on RateLimit headers has it."""

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from foldline.errors import LimitedError
from foldline.web.limiting import Allowance

LEFT: Final = web.RequestKey("left", Sequence[Allowance])
"""Of a request: what is left of the budgets that it was counted against."""


def check(left: Sequence[Allowance]) -> None:
    """LimitedError where one of the budgets is used up."""
    used_up = [each for each in left if not each.allowed]
    if used_up:
        longest = max(used_up, key=lambda each: each.reset_s)
        raise LimitedError(
            f"at most {longest.limit} {longest.name} in {longest.window_s} s",
            longest.reset_s,
            headers_of(left),
        )


def headers_of(left: Sequence[Allowance]) -> dict[str, str]:
    """The budgets, and what is left of them."""
    if not left:
        return {}
    return {
        "RateLimit-Policy": ", ".join(
            f'"{each.name}";q={each.limit};w={each.window_s}' for each in left
        ),
        "RateLimit": ", ".join(
            f'"{each.name}";r={each.remaining};t={each.reset_s}' for each in left
        ),
    }
