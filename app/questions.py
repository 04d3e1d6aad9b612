"""`foldline explain` and `foldline timeline`: what is in a home timeline, when, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from foldline.clock import SystemClock
from foldline.core.ids import time_ms
from foldline.core.position import Position
from foldline.core.served import home
from foldline.errors import InvalidError, NotFoundError
from foldline.profiles import Profile
from foldline.settings import Settings
from query.served import ServedReader
from streams import explaining
from streams.as_of import ends_at, ends_behind, ledger_at


@dataclass(frozen=True, slots=True)
class Entry:
    """A tweet of a home timeline, as the log has it: ids as the API tells them; `posted_at`: ms
    since 1970, by the tweet's id."""

    tweet_id: str
    author_id: str
    username: str
    posted_at: int
    text: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """A home timeline as of the log before `ends`, of each partition."""

    viewer: str
    ends: list[int]
    entries: list[Entry]


async def explain(
    profile: Profile, settings: Settings, viewer: str, tweet_id: int
) -> explaining.Explanation:
    """Why a tweet is in the viewer's home timeline, or is not."""
    reader = ServedReader(profile.views, SystemClock(), depth=1)
    user_id = await account_of(profile, viewer)
    return await explaining.explain(
        profile.log, profile.views, reader, settings.log_epoch, user_id, tweet_id
    )


async def timeline(
    profile: Profile, settings: Settings, viewer: str, as_of: str | None, limit: int
) -> Timeline:
    """The newest entries of a home timeline as it was, by the log alone. Texts are the views'."""
    user_id = await account_of(profile, viewer)
    ends = await _ends(profile, settings, as_of)
    ledger = await ledger_at(profile.log, settings.log_epoch, ends)
    facts = ledger.accounts.get(user_id)
    if facts is None or not facts.created or facts.deleted:
        raise NotFoundError(f"there was no account {viewer} then")
    ids = list(islice(home(ledger, user_id), limit))
    bodies = await profile.views.tweets(ids)
    entries = []
    for tweet in ids:
        author = ledger.authors[tweet]
        text = bodies[tweet].text if tweet in bodies else ""
        name = ledger.accounts[author].username
        entries.append(Entry(str(tweet), str(author), name, time_ms(tweet), text))
    return Timeline(str(user_id), ends, entries)


async def account_of(profile: Profile, named: str) -> int:
    """The account of an id or a username. Raises `NotFoundError`."""
    found = await profile.views.account_id(named.lower().removeprefix("@"))
    if found is None and named.isdecimal():
        return int(named)
    if found is None:
        raise NotFoundError(f"there is no account named {named!r}")
    return found


async def _ends(profile: Profile, settings: Settings, as_of: str | None) -> list[int]:
    if as_of is None:
        return await profile.log.ends()
    positions = _positions(as_of)
    if positions is not None:
        return await ends_behind(profile.log, settings.log_epoch, positions)
    try:
        at = datetime.fromisoformat(as_of)
    except ValueError:
        raise InvalidError(
            f"{as_of!r} is neither a time (2026-05-31T12:00:00Z) nor positions (3-512,0-77)"
        ) from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return await ends_at(profile.log, settings.log_epoch, round(at.timestamp() * 1000))


def _positions(text: str) -> Sequence[Position] | None:
    try:
        return [Position.parse(part.strip()) for part in text.split(",")]
    except ValueError:
        return None
