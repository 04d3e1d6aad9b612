"""An HTTP service: routes and operation behind the guard, on one port."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final

from aiohttp import hdrs, web
from aiohttp.web_protocol import RequestHandler

from foldline import telemetry
from foldline.settings import Settings
from foldline.web.documents import add_documents
from foldline.web.guard import guard
from foldline.web.load import Load
from foldline.web.operation import Check, add_operation
from foldline.web.problems import problem
from foldline.web.routes import Access, Gatekeeper, Route, add_routes

_LINE_MAX_BYTES: Final = 8_190
_IDLE_MAX_S: Final = 75.0  # also for a request's head to come


class _Protocol(RequestHandler):
    """Answers in problem+json also what is not even HTTP, and so never reaches the guard."""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if request.writer.output_size > 0:
            raise ConnectionError("the response is sent already")
        trace = telemetry.trace_of(None)  # not that of the connection's last request
        telemetry.TRACE.set(trace)
        answer = problem(HTTPStatus(status), "this is not a request that HTTP allows", "")
        answer.headers["Foldline-Trace"] = trace
        answer.headers[hdrs.SERVER] = "foldline"  # else its kind and version are told
        answer.force_close()
        return answer


class _Server(web.Server):
    def __call__(self) -> RequestHandler:
        return _Protocol(self, loop=self._loop, **self._kwargs)


class _Runner(web.AppRunner):
    """The guard stands before all of the application, also where no route is found."""

    def __init__(self, app: web.Application, load: Load, timeout_s: float, **limits: Any) -> None:
        super().__init__(app, access_log=None, shutdown_timeout=timeout_s, **limits)
        self._load = load
        self._timeout_s = timeout_s

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        return _Server(
            guard(server.request_handler, self._timeout_s, self._load),  # type: ignore[arg-type]
            request_factory=server.request_factory,
            loop=server._loop,
            **server._kwargs,
        )


@dataclass(frozen=True, slots=True)
class Listening:
    """A service that answers. `admin`: what it serves to operators; `behind`: what ends with it."""

    host: str
    port: int
    runner: web.AppRunner
    admin: "Listening | None" = None
    behind: AsyncExitStack | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    async def close(self) -> None:
        """Finish the requests in hand and stop."""
        if self.admin is not None:
            await self.admin.close()
        await self.runner.cleanup()
        if self.behind is not None:
            await self.behind.aclose()


async def listen(
    settings: Settings,
    routes: Sequence[Route],
    checks: Mapping[str, Check],
    gate: Gatekeeper | None = None,
) -> Listening:
    """Serve `routes` on the settings' host and port (port 0: a free one); those of administrators
    on a port of their own, and nowhere else."""
    public = [route for route in routes if route.access is not Access.ADMIN]
    for_admins = [route for route in routes if route.access is Access.ADMIN]
    admin = None
    if for_admins:
        admin = await _listen(settings, settings.admin_port, for_admins, {}, gate)
    listening = await _listen(settings, settings.port, public, checks, gate)
    return replace(listening, admin=admin)


async def _listen(
    settings: Settings,
    port: int,
    routes: Sequence[Route],
    checks: Mapping[str, Check],
    gate: Gatekeeper | None,
) -> Listening:
    load = Load(settings.requests_max, settings.lag_max_s, settings.request_timeout_s)
    app = web.Application(client_max_size=settings.body_max_bytes)
    app.on_startup.append(load.watch)
    app.on_cleanup.append(load.rest)
    if gate is not None:
        add_routes(app, routes, gate)
        add_documents(app, routes, trusted_header=settings.auth == "trusted-header")
        app.on_cleanup.append(gate.close)
    add_operation(app, checks)
    runner = _Runner(
        app,
        load,
        settings.request_timeout_s,
        keepalive_timeout=_IDLE_MAX_S,
        max_line_size=_LINE_MAX_BYTES,
        max_field_size=_LINE_MAX_BYTES,
    )
    await runner.setup()
    site = web.TCPSite(runner, settings.bind_host, port, reuse_port=settings.reuse_port or None)
    await site.start()
    server: Any = site._server
    return Listening(settings.bind_host, server.sockets[0].getsockname()[1], runner)
