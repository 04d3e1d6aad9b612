"""The routes of the query service."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

from foldline.errors import ForbiddenError, NotFoundError, ViewsUnavailableError
from foldline.web.call import Answer, Call
from foldline.web.routes import Access, Route
from foldline.web.schemas import (
    PageQuery,
    TimelineQuery,
    TweetOut,
    TweetPage,
    TweetsQuery,
    UserOut,
    UserPage,
)
from query import accounts, conversations, tweets
from query.reads import Reads

_FOUND: Final = (NotFoundError, ViewsUnavailableError)

_ROWS: Final = (
    Route(
        "GET",
        "/api/v1/timeline",
        tweets.home_timeline,
        "The caller's home timeline",
        query=TimelineQuery,
        gives=TweetPage,
        access=Access.USER,
        refuses=(ForbiddenError, *_FOUND),
    ),
    Route(
        "GET",
        "/api/v1/tweets/{tweet_id}",
        tweets.tweet,
        "One tweet",
        gives=TweetOut,
        refuses=_FOUND,
        etag=True,
    ),
    Route(
        "GET",
        "/api/v1/tweets/{tweet_id}/replies",
        conversations.replies,
        "The direct replies to a tweet",
        query=TweetsQuery,
        gives=TweetPage,
        refuses=_FOUND,
    ),
    Route(
        "GET",
        "/api/v1/tweets/{tweet_id}/thread",
        conversations.thread,
        "What a tweet answers, the tweet, and the direct replies to it",
        query=TweetsQuery,
        gives=TweetPage,
        refuses=_FOUND,
    ),
    Route(
        "GET",
        "/api/v1/tweets/{tweet_id}/likes",
        conversations.likes,
        "Who likes a tweet",
        query=PageQuery,
        gives=UserPage,
        refuses=_FOUND,
    ),
    Route(
        "GET",
        "/api/v1/tweets/{tweet_id}/retweets",
        conversations.retweets,
        "Who retweets a tweet, the latest first",
        query=PageQuery,
        gives=UserPage,
        refuses=_FOUND,
    ),
    Route(
        "GET",
        "/api/v1/users",
        accounts.users,
        "All accounts",
        query=PageQuery,
        gives=UserPage,
        refuses=(ViewsUnavailableError,),
    ),
    Route(
        "GET",
        "/api/v1/users/by-username/{username}",
        accounts.user_by_name,
        "One account, by username",
        gives=UserOut,
        refuses=_FOUND,
        etag=True,
    ),
    Route(
        "GET",
        "/api/v1/users/{user_id}",
        accounts.user,
        "One account",
        gives=UserOut,
        refuses=_FOUND,
        etag=True,
    ),
    Route(
        "GET",
        "/api/v1/users/{user_id}/tweets",
        tweets.user_tweets,
        "An account's tweets",
        query=TweetsQuery,
        gives=TweetPage,
        refuses=_FOUND,
    ),
    Route(
        "GET",
        "/api/v1/users/{user_id}/followers",
        accounts.followers,
        "Who follows an account",
        query=PageQuery,
        gives=UserPage,
        refuses=_FOUND,
    ),
    Route(
        "GET",
        "/api/v1/users/{user_id}/following",
        accounts.following,
        "Whom an account follows",
        query=PageQuery,
        gives=UserPage,
        refuses=_FOUND,
    ),
    Route(
        "GET",
        "/api/v1/users/{user_id}/mutuals",
        accounts.mutuals,
        "Whom an account follows and is followed by",
        query=PageQuery,
        gives=UserPage,
        refuses=_FOUND,
    ),
)
ROUTES: Final = tuple(replace(row, budget="reads") for row in _ROWS)


def routes(reads: Reads) -> list[Route]:
    """Every read, over the given views."""
    return [replace(route, handle=partial(_answer, reads, route.handle)) for route in ROUTES]


async def _answer(
    reads: Reads, read: Callable[..., Awaitable[Answer]], call: Call[Any, Any]
) -> Answer:
    """What `read` answers. That something is not there is only said where the views had all that
    the caller has seen before they were asked: it may be on its way."""
    try:
        return await read(reads, call)
    except NotFoundError as error:
        if not call.after:
            raise
        if not await reads.watch.passed(call.after, wait_s=0):
            raise ViewsUnavailableError("the views are behind the log; ask again soon") from error
    return await read(reads, call)
