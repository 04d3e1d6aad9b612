"""What every route answers to everybody: one row for each, by method and path.

The paths lead to ann, to her tweet, or away from her. She is the owner; bob is another; cyd is
blocked by her; dan is suspended; the stranger says no name; the admin has that role. A tuple of
statuses means that either is right. Tokens that are not valid get 401 everywhere, and have no
column.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.matrix.cast import Cast

Status = int | tuple[int, ...]
Body = Callable[[Cast], dict[str, Any]]

HIDDEN: Final = (403, 404)  # what may not be seen can't be forbidden without telling of it


@dataclass(frozen=True)
class Row:
    """The answers by role, and the body and the query that are sent."""

    owner: Status
    other: Status
    blocked: Status
    suspended: Status
    stranger: Status
    admin: Status
    body: Body | None = None
    query: Body | None = None

    def of(self, role: str) -> tuple[int, ...]:
        """The right answers to a role."""
        found: Status = getattr(self, role)
        return found if isinstance(found, tuple) else (found,)


def own(status: int, body: Body | None = None) -> Row:
    """Only the owner's."""
    return Row(status, 403, HIDDEN, 403, 401, 403, body)


def towards(status: int, oneself: Status, blocked: Status, body: Body | None = None) -> Row:
    """Anybody's who acts, towards ann."""
    return Row(oneself, status, blocked, 403, 401, status, body)


def shown(status: int = 200) -> Row:
    """A read of ann's that anybody may do whom she does not block."""
    return Row(status, status, 404, status, status, status)


def anybodys(status: Status, body: Body | None = None) -> Row:
    """The same for all."""
    return Row(status, status, status, status, status, status, body)


def orders(status: Status = 200, body: Body | None = None, query: Body | None = None) -> Row:
    """On the admin's port."""
    return Row(403, 403, 403, 403, 401, status, body, query)


def asker_of(path: str) -> str:
    """The role that may ask for it."""
    return "admin" if path.startswith("/admin/") else "owner"


def _tweet(cast: Cast) -> dict[str, Any]:
    return {"text": "see http://127.0.0.1:9/ for more"}


def _profile(cast: Cast) -> dict[str, Any]:
    return {"display_name": "Ann", "bio": "new"}


def _account(cast: Cast) -> dict[str, Any]:
    return {"username": cast.fresh_name()}


def _named(cast: Cast) -> dict[str, Any]:
    return {"follow_user_id": str(cast.owner)}


def _wrong_pair(cast: Cast) -> dict[str, Any]:
    return {"username": cast.name, "password": "not the password"}


def _junk(cast: Cast) -> dict[str, Any]:
    return {"refresh_token": "junk"}


def _scope(cast: Cast) -> dict[str, Any]:
    return {"users": [str(cast.owner)], "dry_run": True}


def _pace(cast: Cast) -> dict[str, Any]:
    return {"pace": 1}


def _nowhere(cast: Cast) -> dict[str, Any]:
    return {"position": "0-999999"}


def _viewer(cast: Cast) -> dict[str, Any]:
    return {"user_id": str(cast.owner)}


def _entry(cast: Cast) -> dict[str, Any]:
    return {"user_id": str(cast.owner), "tweet_id": str(cast.tweet)}


_USER: Final = "/api/v1/users/{user_id}"
_TWEET: Final = "/api/v1/tweets/{tweet_id}"
_ORDERS: Final = "/admin/v1/users/{user_id}"
_GENERATION: Final = "/admin/v1/views/{generation}"

ROWS: Final[dict[tuple[str, str], Row]] = {
    ("POST", "/api/v1/users"): Row(201, 201, 201, (201, 403), 201, 201, _account),
    ("PATCH", _USER): own(200, _profile),
    ("PUT", _USER): own(200, _profile),
    ("DELETE", _USER): own(204),
    ("POST", "/api/v1/auth/login"): anybodys(401, _wrong_pair),
    ("POST", "/api/v1/auth/refresh"): anybodys(401, _junk),
    ("POST", "/api/v1/auth/logout"): anybodys((204, 401), _junk),
    ("POST", "/api/v1/tweets"): Row(201, 201, 201, 403, 401, 201, _tweet),
    ("POST", "/api/v1/tweet"): Row(201, 201, 201, 403, 401, 201, _tweet),
    ("DELETE", _TWEET): own(204),
    ("POST", _TWEET + "/like"): towards(200, 200, 403),
    ("DELETE", _TWEET + "/like"): towards(200, 200, (200, *HIDDEN)),
    ("POST", _TWEET + "/retweet"): towards(200, 200, 403),
    ("DELETE", _TWEET + "/retweet"): towards(200, 200, (200, *HIDDEN)),
    ("POST", _USER + "/follow"): towards(201, 409, 403),
    ("DELETE", _USER + "/follow"): towards(204, (204, 409), (204, *HIDDEN)),
    ("POST", "/api/v1/follow"): towards(201, 409, 403, _named),
    ("POST", _USER + "/block"): towards(200, 409, 200),
    ("DELETE", _USER + "/block"): towards(204, 409, 204),
    ("POST", _USER + "/mute"): towards(200, 409, (200, *HIDDEN)),
    ("DELETE", _USER + "/mute"): towards(204, 409, (204, *HIDDEN)),
    ("GET", "/api/v1/timeline"): Row(200, 200, 200, 200, 401, 200),
    ("GET", _TWEET): shown(),
    ("GET", _TWEET + "/replies"): shown(),
    ("GET", _TWEET + "/thread"): shown(),
    ("GET", _TWEET + "/likes"): shown(),
    ("GET", _TWEET + "/retweets"): shown(),
    ("GET", "/api/v1/users"): anybodys(200),
    ("GET", "/api/v1/users/by-username/{username}"): shown(),
    ("GET", _USER): shown(),
    ("GET", _USER + "/tweets"): shown(),
    ("GET", _USER + "/followers"): shown(),
    ("GET", _USER + "/following"): shown(),
    ("GET", _USER + "/mutuals"): shown(),
    ("POST", _ORDERS + "/suspend"): orders(),
    ("POST", _ORDERS + "/reinstate"): orders(),
    ("POST", _ORDERS + "/verify"): orders(),
    ("GET", "/admin/v1/views"): orders(),
    ("POST", "/admin/v1/rebuilds"): orders((202, 409)),
    ("POST", "/admin/v1/rebuilds/estimate"): orders(),
    ("POST", "/admin/v1/rebuilds/pace"): orders((200, 404), _pace),
    ("POST", "/admin/v1/rebuilds/cancel"): orders((202, 404)),
    ("POST", _GENERATION + "/verify"): orders((202, 409)),
    ("POST", _GENERATION + "/switch"): orders(),
    ("DELETE", _GENERATION): orders((202, 409)),
    ("POST", "/admin/v1/views/rollback"): orders(409),
    ("POST", "/admin/v1/repairs"): orders((202, 409), _scope),
    ("POST", "/admin/v1/audits"): orders((202, 409)),
    ("GET", "/admin/v1/orders/{order_id}"): orders((200, 404)),
    ("GET", "/admin/v1/explain"): orders(query=_entry),
    ("GET", "/admin/v1/timeline-as-of"): orders(query=_viewer),
    ("GET", "/admin/v1/dead-letters"): orders(),
    ("POST", "/admin/v1/dead-letters"): orders(404, _nowhere),
}
