"""The routes of the query service."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

from foldline.errors import NotFoundError, ViewsUnavailableError
from foldline.web.call import Answer, Call
from foldline.web.routes import Route
from foldline.web.schemas import (
    PageQuery,
    TimelineQuery,
    TweetOut,
    TweetPage,
    TweetsQuery,
    UserOut,
    UserPage,
)
from query import accounts, tweets
from query.reads import Reads

ROUTES: Final = (
    Route(
        "GET",
        "/api/v1/timeline",
        tweets.home_timeline,
        "The caller's home timeline",
        query=TimelineQuery,
        gives=TweetPage,
    ),
    Route(
        "GET",
        "/api/v1/tweets/{tweet_id}",
        tweets.tweet,
        "One tweet",
        gives=TweetOut,
    ),
    Route(
        "GET",
        "/api/v1/users",
        accounts.users,
        "All accounts",
        query=PageQuery,
        gives=UserPage,
    ),
    Route(
        "GET",
        "/api/v1/users/by-username/{username}",
        accounts.user_by_name,
        "One account, by username",
        gives=UserOut,
    ),
    Route(
        "GET",
        "/api/v1/users/{user_id}",
        accounts.user,
        "One account",
        gives=UserOut,
    ),
    Route(
        "GET",
        "/api/v1/users/{user_id}/tweets",
        tweets.user_tweets,
        "An account's tweets",
        query=TweetsQuery,
        gives=TweetPage,
    ),
    Route(
        "GET",
        "/api/v1/users/{user_id}/followers",
        accounts.followers,
        "Who follows an account",
        query=PageQuery,
        gives=UserPage,
    ),
    Route(
        "GET",
        "/api/v1/users/{user_id}/following",
        accounts.following,
        "Whom an account follows",
        query=PageQuery,
        gives=UserPage,
    ),
)


def routes(reads: Reads) -> list[Route]:
    """Every read, over the given views."""
    return [replace(route, handle=partial(_answer, reads, route.handle)) for route in ROUTES]


async def _answer(
    reads: Reads, read: Callable[..., Awaitable[Answer]], call: Call[Any, Any]
) -> Answer:
    """What `read` answers. That something is not there is only said where the views have all that
    the caller has seen: it may be on its way."""
    try:
        return await read(reads, call)
    except NotFoundError as error:
        if await reads.watch.passed(call.after, wait_s=0):
            raise
        raise ViewsUnavailableError("the views are behind the log; ask again soon") from error
