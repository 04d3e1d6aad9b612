"""The projector host of the embedded profile: one thread with an event loop of its own, so that
folding never holds up a request."""

import asyncio
import threading

import structlog

from foldline import telemetry
from foldline.clock import Clock
from foldline.errors import FoldlineError
from foldline.log.port import EventLog
from foldline.settings import Settings
from streams.projector import Projector
from streams.trimming import TrimmedViews

_RESTART_S = 0.5
_logger = structlog.get_logger()


class Runner:
    """Follows the whole log and folds it, from `start` to `stop`. Whatever goes wrong, it begins
    anew from progress; `trouble` says what it was, until it is over."""

    def __init__(
        self, log: EventLog, views: TrimmedViews, settings: Settings, clock: Clock
    ) -> None:
        self._log = log
        self._views = views
        self._settings = settings
        self._clock = clock
        self._projector = Projector(log, views, settings, clock)
        self._crash: str | None = None
        self._following = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._main, name="projector")

    @property
    def trouble(self) -> str | None:
        """Why the views do not move on; None while all is well."""
        if not self._following.is_set():
            return self._crash or "the projector is starting"
        halted = self._projector.halted.items()
        return self._projector.trouble or next((f"partition {p}: {w}" for p, w in halted), None)

    def start(self) -> None:
        """Begin to follow the log."""
        self._thread.start()

    async def stop(self) -> None:
        """End. The batch in hand is written whole or folded again at the next start. Idempotent."""
        self._stopping.set()
        if self._thread.is_alive():
            await asyncio.to_thread(self._thread.join)

    def _main(self) -> None:
        while not self._stopping.is_set():
            try:
                asyncio.run(self._follow())
            except FoldlineError as error:
                self._crash = str(error)
                _logger.warning("projector starts anew", why=self._crash)
            except Exception as error:
                self._crash = f"{type(error).__name__}: {error}"
                _logger.exception("projector starts anew")
            self._following.clear()
            if not self._stopping.is_set():
                telemetry.RESTARTS.labels("thread").inc()
            self._stopping.wait(_RESTART_S)

    async def _follow(self) -> None:
        self._projector = Projector(self._log, self._views, self._settings, self._clock)
        for_good = asyncio.ensure_future(self._projector.failure())
        following = asyncio.ensure_future(self._fold_all())
        ended: set[asyncio.Future[None]] = set()
        while not (self._stopping.is_set() or ended):
            ended, _ = await asyncio.wait(
                [for_good, following], timeout=0.1, return_when=asyncio.FIRST_COMPLETED
            )
        for each in ended:
            each.result()

    async def _fold_all(self) -> None:
        projector = self._projector
        await projector.assign(range(self._log.partitions))
        reader = await self._log.reader(projector.progress)
        try:
            self._following.set()
            while not self._stopping.is_set():
                records = await reader.take(
                    self._settings.batch_events, self._settings.batch_wait_s
                )
                if records:
                    await projector.apply(records)
        finally:
            await reader.close()
