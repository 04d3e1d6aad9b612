"""`foldline serve`: one HTTP service of the distributed profile."""

import asyncio

from app import banner
from app.compose import ServiceName, checks_of
from app.compose import serve as start
from app.progress import stderr
from foldline.garbage import collect_in_pieces
from foldline.profiles import open_profile
from foldline.settings import Settings


async def serve(settings: Settings, service: ServiceName, stop: asyncio.Event) -> None:
    """Run one service until `stop` is set."""
    profile = await open_profile(settings)
    try:
        http = await start(profile, settings, service, checks_of(profile))
        banner.show(
            stderr,
            f"Foldline {service} is listening",
            [("API", f"{http.url}/api/v1"), ("Health", f"{http.url}/readyz?verbose")],
        )
        collect_in_pieces()
        await stop.wait()
        await http.close()
    finally:
        await profile.close()
