"""The routes of the query service."""

from functools import partial

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


def routes(reads: Reads) -> list[Route]:
    """Every read, over the given views."""
    return [
        Route(
            "GET",
            "/api/v1/timeline",
            partial(tweets.home_timeline, reads),
            "The caller's home timeline",
            query=TimelineQuery,
            gives=TweetPage,
        ),
        Route(
            "GET",
            "/api/v1/tweets/{tweet_id}",
            partial(tweets.tweet, reads),
            "One tweet",
            gives=TweetOut,
        ),
        Route(
            "GET",
            "/api/v1/users",
            partial(accounts.users, reads),
            "All accounts",
            query=PageQuery,
            gives=UserPage,
        ),
        Route(
            "GET",
            "/api/v1/users/by-username/{username}",
            partial(accounts.user_by_name, reads),
            "One account, by username",
            gives=UserOut,
        ),
        Route(
            "GET",
            "/api/v1/users/{user_id}",
            partial(accounts.user, reads),
            "One account",
            gives=UserOut,
        ),
        Route(
            "GET",
            "/api/v1/users/{user_id}/tweets",
            partial(tweets.user_tweets, reads),
            "An account's tweets",
            query=TweetsQuery,
            gives=TweetPage,
        ),
        Route(
            "GET",
            "/api/v1/users/{user_id}/followers",
            partial(accounts.followers, reads),
            "Who follows an account",
            query=PageQuery,
            gives=UserPage,
        ),
        Route(
            "GET",
            "/api/v1/users/{user_id}/following",
            partial(accounts.following, reads),
            "Whom an account follows",
            query=PageQuery,
            gives=UserPage,
        ),
    ]
