"""The routes of the ingest service."""

from dataclasses import replace
from functools import partial
from typing import Final

from foldline.web.routes import Route
from foldline.web.schemas import TweetOut, UserOut
from ingest import accounts, follows, tweets
from ingest.commands import Commands

ROUTES: Final = (
    Route(
        "POST",
        "/api/v1/users",
        accounts.create_user,
        "Create an account",
        takes=accounts.UserIn,
        gives=UserOut,
        status=201,
    ),
    Route(
        "POST",
        "/api/v1/tweets",
        tweets.post_tweet,
        "Post a tweet",
        takes=tweets.TweetIn,
        gives=TweetOut,
        status=201,
    ),
    Route(
        "POST",
        "/api/v1/tweet",
        tweets.post_tweet,
        "Post a tweet (another name of /tweets)",
        takes=tweets.TweetIn,
        gives=TweetOut,
        status=201,
    ),
    Route(
        "DELETE",
        "/api/v1/tweets/{tweet_id}",
        tweets.delete_tweet,
        "Delete one's own tweet",
        status=204,
    ),
    Route(
        "POST",
        "/api/v1/users/{user_id}/follow",
        follows.follow,
        "Follow an account",
        gives=follows.FollowOut,
        status=201,
    ),
    Route(
        "DELETE",
        "/api/v1/users/{user_id}/follow",
        follows.unfollow,
        "Cease to follow an account",
        status=204,
    ),
    Route(
        "POST",
        "/api/v1/follow",
        follows.follow_named,
        "Follow an account (named in the body)",
        takes=follows.FollowIn,
        gives=follows.FollowOut,
        status=201,
    ),
)


def routes(commands: Commands) -> list[Route]:
    """Every command, into the given log."""
    return [replace(route, handle=partial(route.handle, commands)) for route in ROUTES]
