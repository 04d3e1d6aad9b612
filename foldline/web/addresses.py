"""From where a request comes, as budgets count it."""

from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address

from aiohttp import web

_IPV6_PREFIX = 64  # who has one address of it has them all


def address_of(request: web.Request, *, trusted_proxies: bool) -> str:
    """The peer, or whom a trusted proxy says that it speaks for. A proxy adds its word behind
    what came, in the same line or in another: only the last word is its own."""
    if trusted_proxies:
        words = ",".join(request.headers.getall("X-Forwarded-For", ()))
        told = _counted(words.rpartition(",")[2].strip())
        if told is not None:
            return told
    return _counted(request.remote or "") or ""


@lru_cache(10_000)
def _counted(text: str) -> str | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), _IPV6_PREFIX), strict=False))
