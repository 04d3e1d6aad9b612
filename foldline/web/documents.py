"""What a service says of itself: `/openapi.json`, and at `/docs` the page that shows it."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Final

import orjson
from aiohttp import hdrs, web

from foldline.web.openapi import openapi
from foldline.web.routes import Route

_PAGE: Final = Path(__file__).with_name("docs_page")
_FILES: Final = {
    "/docs": ("index.html", "text/html; charset=utf-8"),
    "/docs/style.css": ("style.css", "text/css; charset=utf-8"),
    "/docs/script.js": ("script.js", "text/javascript; charset=utf-8"),
}
_HEADERS: Final = {
    hdrs.CACHE_CONTROL: "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; connect-src 'self'; img-src data:; script-src 'self'; "
        "style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""The page takes nothing from elsewhere, and nobody can make it."""


def add_documents(
    app: web.Application, routes: Sequence[Route], *, trusted_header: bool = False
) -> None:
    """Serve the document of `routes`, and the page."""
    document = orjson.dumps(openapi(routes, trusted_header=trusted_header))
    app.router.add_get("/openapi.json", _served(document, "application/json"))
    for path, (file, content_type) in _FILES.items():
        app.router.add_get(path, _served((_PAGE / file).read_bytes(), content_type))


def _served(body: bytes, content_type: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A handler that gives the same bytes to all who don't have them yet."""
    tag = hashlib.blake2b(body, digest_size=12).hexdigest()
    headers = _HEADERS | {hdrs.ETAG: f'"{tag}"'}

    async def serve(request: web.Request) -> web.Response:
        if any(each.value in (tag, "*") for each in request.if_none_match or ()):
            return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        return web.Response(body=body, headers=headers | {hdrs.CONTENT_TYPE: content_type})

    return serve
