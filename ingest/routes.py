"""The routes of the ingest service."""

from dataclasses import replace
from functools import partial
from typing import Final

from foldline.errors import (
    ConflictError,
    ForbiddenError,
    KeyReusedError,
    NotFoundError,
    UnauthenticatedError,
)
from foldline.web.routes import Access, Route
from foldline.web.schemas import RelationshipOut, TweetOut, UserOut
from ingest import (
    accounts,
    auth,
    engagement,
    follows,
    moderation,
    profiles,
    restrictions,
    tweets,
)
from ingest.commands import Commands
from ingest.repeated import ActIn

_UNKNOWN: Final = (NotFoundError,)
_TAKEN: Final = (ConflictError,)
_ABOUT_ANOTHER: Final = (ForbiddenError, NotFoundError)
_BETWEEN_TWO: Final = (ForbiddenError, NotFoundError, ConflictError)

_AUTH: Final = (
    Route(
        "POST",
        "/api/v1/auth/login",
        auth.login,
        "Log in",
        takes=auth.LoginIn,
        gives=auth.TokensOut,
        refuses=(UnauthenticatedError,),
        budget="login",
    ),
    Route(
        "POST",
        "/api/v1/auth/refresh",
        auth.refresh,
        "Exchange a refresh token for new tokens",
        takes=auth.RefreshIn,
        gives=auth.TokensOut,
        refuses=(UnauthenticatedError,),
        budget="reads",
    ),
    Route(
        "POST",
        "/api/v1/auth/logout",
        auth.logout,
        "Log out",
        takes=auth.RefreshIn,
        status=204,
        budget="reads",
    ),
)
_ACCOUNTS: Final = (
    Route(
        "POST",
        "/api/v1/users",
        accounts.create_user,
        "Create an account",
        takes=accounts.UserIn,
        gives=UserOut,
        status=201,
        refuses=_TAKEN,
        budget="accounts",
    ),
    Route(
        "PATCH",
        "/api/v1/users/{user_id}",
        profiles.change_user,
        "Change what is given of one's own profile",
        takes=profiles.ChangeIn,
        gives=UserOut,
        access=Access.USER,
        refuses=_ABOUT_ANOTHER,
    ),
    Route(
        "PUT",
        "/api/v1/users/{user_id}",
        profiles.replace_user,
        "Replace one's own profile",
        takes=profiles.ProfileIn,
        gives=UserOut,
        access=Access.USER,
        refuses=_ABOUT_ANOTHER,
    ),
    Route(
        "DELETE",
        "/api/v1/users/{user_id}",
        profiles.delete_user,
        "Delete one's own account, for ever",
        status=204,
        access=Access.USER,
        refuses=_ABOUT_ANOTHER,
    ),
)
_TWEETS: Final = (
    Route(
        "POST",
        "/api/v1/tweets",
        tweets.post_tweet,
        "Post a tweet",
        takes=tweets.TweetIn,
        gives=TweetOut,
        status=201,
        access=Access.USER,
        refuses=(*_ABOUT_ANOTHER, KeyReusedError),
        budget="tweets",
    ),
    Route(
        "POST",
        "/api/v1/tweet",
        tweets.post_tweet,
        "Post a tweet (another name of /tweets)",
        takes=tweets.TweetIn,
        gives=TweetOut,
        status=201,
        access=Access.USER,
        refuses=(*_ABOUT_ANOTHER, KeyReusedError),
        budget="tweets",
    ),
    Route(
        "DELETE",
        "/api/v1/tweets/{tweet_id}",
        tweets.delete_tweet,
        "Delete one's own tweet",
        status=204,
        access=Access.USER,
        refuses=_ABOUT_ANOTHER,
    ),
)
_ENGAGEMENT: Final = (
    Route(
        "POST",
        "/api/v1/tweets/{tweet_id}/like",
        engagement.like,
        "Like a tweet",
        takes=ActIn,
        gives=engagement.LikesOut,
        access=Access.USER,
        refuses=_ABOUT_ANOTHER,
        bare=True,
    ),
    Route(
        "DELETE",
        "/api/v1/tweets/{tweet_id}/like",
        engagement.unlike,
        "Like a tweet no longer",
        gives=engagement.LikesOut,
        access=Access.USER,
        refuses=_ABOUT_ANOTHER,
    ),
    Route(
        "POST",
        "/api/v1/tweets/{tweet_id}/retweet",
        engagement.retweet,
        "Retweet a tweet",
        takes=ActIn,
        gives=engagement.RetweetsOut,
        access=Access.USER,
        refuses=_ABOUT_ANOTHER,
        budget="tweets",
        bare=True,
    ),
    Route(
        "DELETE",
        "/api/v1/tweets/{tweet_id}/retweet",
        engagement.unretweet,
        "Delete one's own retweet of a tweet",
        gives=engagement.RetweetsOut,
        access=Access.USER,
        refuses=_ABOUT_ANOTHER,
    ),
)
_GRAPH: Final = (
    Route(
        "POST",
        "/api/v1/users/{user_id}/follow",
        follows.follow,
        "Follow an account",
        takes=follows.FollowPathIn,
        gives=follows.FollowOut,
        status=201,
        access=Access.USER,
        refuses=_BETWEEN_TWO,
        budget="follows",
        bare=True,
    ),
    Route(
        "DELETE",
        "/api/v1/users/{user_id}/follow",
        follows.unfollow,
        "Cease to follow an account",
        status=204,
        access=Access.USER,
        refuses=_ABOUT_ANOTHER,
    ),
    Route(
        "POST",
        "/api/v1/follow",
        follows.follow_named,
        "Follow an account (named in the body)",
        takes=follows.FollowIn,
        gives=follows.FollowOut,
        status=201,
        access=Access.USER,
        refuses=_BETWEEN_TWO,
        budget="follows",
    ),
    Route(
        "POST",
        "/api/v1/users/{user_id}/block",
        restrictions.block,
        "Block an account",
        takes=ActIn,
        gives=RelationshipOut,
        access=Access.USER,
        refuses=_BETWEEN_TWO,
        bare=True,
    ),
    Route(
        "DELETE",
        "/api/v1/users/{user_id}/block",
        restrictions.unblock,
        "End a block",
        status=204,
        access=Access.USER,
        refuses=_BETWEEN_TWO,
    ),
    Route(
        "POST",
        "/api/v1/users/{user_id}/mute",
        restrictions.mute,
        "Mute an account",
        takes=ActIn,
        gives=RelationshipOut,
        access=Access.USER,
        refuses=_BETWEEN_TWO,
        bare=True,
    ),
    Route(
        "DELETE",
        "/api/v1/users/{user_id}/mute",
        restrictions.unmute,
        "End a mute",
        status=204,
        access=Access.USER,
        refuses=_BETWEEN_TWO,
    ),
)
_MODERATION: Final = (
    Route(
        "POST",
        "/admin/v1/users/{user_id}/suspend",
        moderation.suspend,
        "Suspend an account",
        gives=UserOut,
        access=Access.ADMIN,
        refuses=_UNKNOWN,
    ),
    Route(
        "POST",
        "/admin/v1/users/{user_id}/reinstate",
        moderation.reinstate,
        "End an account's suspension",
        gives=UserOut,
        access=Access.ADMIN,
        refuses=_UNKNOWN,
    ),
    Route(
        "POST",
        "/admin/v1/users/{user_id}/verify",
        moderation.verify,
        "Say that an account is who it says it is",
        gives=UserOut,
        access=Access.ADMIN,
        refuses=_UNKNOWN,
    ),
)
ROUTES: Final = (*_AUTH, *_ACCOUNTS, *_TWEETS, *_ENGAGEMENT, *_GRAPH, *_MODERATION)


def routes(commands: Commands) -> list[Route]:
    """Every command, into the given log."""
    return [replace(route, handle=partial(route.handle, commands)) for route in ROUTES]
