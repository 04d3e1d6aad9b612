"""When an author becomes a celebrity, and when no longer.

The decision is a fact of the log, made after the fold: deciding inside it would lose tweets, since
after a crash the audience comes from views that may be ahead of progress.
"""

import hashlib

import msgspec

from foldline.core.audience import Audience
from foldline.core.codec import Envelope
from foldline.core.events import AuthorDemoted, AuthorPromoted, Event


def crossing(
    audience: Audience, promote_at: int, demote_below: int
) -> AuthorPromoted | AuthorDemoted | None:
    """The event that follows from the size of an audience, if any. The gap between the two
    thresholds keeps an author at the border from flapping."""
    followers = audience.followers.size
    if audience.closed:
        return None
    if not audience.celebrity and followers >= promote_at:
        return AuthorPromoted(audience.author_id, followers)
    if audience.celebrity and followers < demote_below:
        return AuthorDemoted(audience.author_id, followers)
    return None


def derived(event: Event, cause: Envelope) -> Envelope:
    """The envelope of an event that follows from `cause`; the same event of the same cause has the
    same id."""
    name = f"{cause.id}/{type(event).__name__}/".encode() + msgspec.msgpack.encode(event)
    return Envelope(
        id=hashlib.sha256(name).hexdigest()[:32],
        event=event,
        occurred_at=cause.occurred_at,
        cause=cause.id,
    )
