"""The routes of the ingest service."""

from functools import partial

from foldline.web.routes import Route
from foldline.web.schemas import TweetOut, UserOut
from ingest import accounts, follows, tweets
from ingest.commands import Commands


def routes(commands: Commands) -> list[Route]:
    """Every command, into the given log."""
    post_tweet = partial(tweets.post_tweet, commands)
    follow = partial(follows.follow, commands)
    return [
        Route(
            "POST",
            "/api/v1/users",
            partial(accounts.create_user, commands),
            "Create an account",
            takes=accounts.UserIn,
            gives=UserOut,
            status=201,
        ),
        Route(
            "POST",
            "/api/v1/tweets",
            post_tweet,
            "Post a tweet",
            takes=tweets.TweetIn,
            gives=TweetOut,
            status=201,
        ),
        Route(
            "POST",
            "/api/v1/tweet",
            post_tweet,
            "Post a tweet (another name of /tweets)",
            takes=tweets.TweetIn,
            gives=TweetOut,
            status=201,
        ),
        Route(
            "DELETE",
            "/api/v1/tweets/{tweet_id}",
            partial(tweets.delete_tweet, commands),
            "Delete one's own tweet",
            status=204,
        ),
        Route(
            "POST",
            "/api/v1/users/{user_id}/follow",
            follow,
            "Follow an account",
            gives=follows.FollowOut,
            status=201,
        ),
        Route(
            "DELETE",
            "/api/v1/users/{user_id}/follow",
            partial(follows.unfollow, commands),
            "Cease to follow an account",
            status=204,
        ),
        Route(
            "POST",
            "/api/v1/follow",
            partial(follows.follow_named, commands),
            "Follow an account (named in the body)",
            takes=follows.FollowIn,
            gives=follows.FollowOut,
            status=201,
        ),
    ]
