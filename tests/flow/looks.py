"""What is not walked: single tweets and accounts, and lists of accounts, compared with the oracle.
And the ids of retweets, which the oracle must learn before any walk.

Each function answers with what is wrong, in words; [] if nothing is.
"""

from http import HTTPStatus

from tests.flow.client import Client
from tests.flow.walks import FIELDS, all_faults, difference, lines_in, lines_of
from tests.oracle.oracle import Line, Oracle

_LIMIT = 100


async def learned(client: Client) -> tuple[Oracle, list[str]]:
    """The oracle of all that was acknowledged, with the ids of retweets, and what is wrong with
    the pages that they are learned from."""
    oracle = client.oracle()
    faults = await all_faults(_learn(client, oracle, user) for user in oracle.unlearned())
    return oracle, faults or oracle.misplaced()


async def _learn(client: Client, oracle: Oracle, user: int) -> list[str]:
    path, cursor, lines = f"/api/v1/users/{user}/tweets", None, list[Line]()
    while True:
        page = await client.get(path, limit=_LIMIT, cursor=cursor)
        for each in page["tweets"]:
            of = each["retweet_of"]
            lines.append((int(each["tweet_id"]), None if of is None else int(of)))
        cursor = page["next_cursor"]
        if cursor is None:
            return oracle.learn(user, lines)


async def profile_faults(
    client: Client, oracle: Oracle, user: int, viewer: int | None = None
) -> list[str]:
    """The name, the state and the counts of an account."""
    reply = await client.read(f"/api/v1/users/{user}", viewer)
    expected = oracle.profile(user, viewer)
    if expected is None or reply.status != HTTPStatus.OK:
        return _unless_absent(f"account {user} for {viewer}", reply.status, expected is None)
    shown = dict(reply.body)
    if viewer is not None and viewer != user:
        expected |= {f"relationship.{k}": v for k, v in oracle.relationship(user, viewer).items()}
        shown |= {f"relationship.{k}": v for k, v in (shown["relationship"] or {}).items()}
    return [
        f"account {user} for {viewer}: {name} is {shown.get(name)!r} instead of {value!r}"
        for name, value in expected.items()
        if shown.get(name) != value
    ]


async def tweet_faults(
    client: Client, oracle: Oracle, tweet: int, viewer: int | None = None
) -> list[str]:
    """One tweet by its id; and that its lists are hidden where it is."""
    path = f"/api/v1/tweets/{tweet}"
    visible = oracle.visible(tweet, viewer)
    reply = await client.read(path, viewer)
    if not visible or reply.status != HTTPStatus.OK:
        faults = _unless_absent(f"{path} for {viewer}", reply.status, not visible)
        for name in ("replies", "thread", "likes", "retweets"):
            below = await client.read(f"{path}/{name}", viewer)
            faults += _unless_absent(f"{path}/{name} for {viewer}", below.status, not visible)
        return faults
    (expected,) = lines_of(oracle, [oracle.tweet(tweet)], viewer)
    (shown,) = lines_in({"tweets": [reply.body]})
    return [
        f"{path} for {viewer}: {name} is {is_!r} instead of {must!r}"
        for name, is_, must in zip(FIELDS, shown, expected, strict=True)
        if is_ != must
    ]


async def engagement_faults(
    client: Client, oracle: Oracle, tweet: int, limit: int, viewer: int | None = None
) -> list[str]:
    """Who likes and who retweets a tweet."""
    lists = {
        f"/api/v1/tweets/{tweet}/likes": oracle.likers(tweet, viewer),
        f"/api/v1/tweets/{tweet}/retweets": oracle.retweeters(tweet, viewer),
    }
    return await _lists_faults(client, lists, limit, viewer, in_order=False)


async def graph_faults(
    client: Client, oracle: Oracle, user: int, limit: int, viewer: int | None = None
) -> list[str]:
    """Who follows an account and whom it follows, page by page."""
    lists = {
        f"/api/v1/users/{user}/followers": oracle.followers(user, viewer),
        f"/api/v1/users/{user}/following": oracle.following(user, viewer),
        f"/api/v1/users/{user}/mutuals": oracle.mutuals(user, viewer),
    }
    if oracle.profile(user, viewer) is None:
        replies = [
            (path, await client.read(path, viewer))
            for path in (*lists, f"/api/v1/users/{user}/tweets")
        ]
        return [
            fault for path, reply in replies for fault in _unless_absent(path, reply.status, True)
        ]
    return await _lists_faults(client, lists, limit, viewer, in_order=True)


async def accounts_listed(
    client: Client, path: str, limit: int, viewer: int | None = None
) -> list[int]:
    """The ids of a whole list of accounts."""
    listed: list[int] = []
    cursor = None
    while True:
        page = await client.get(path, viewer, limit=limit, cursor=cursor)
        listed += [int(user["user_id"]) for user in page["users"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return listed


async def _lists_faults(
    client: Client, lists: dict[str, list[int]], limit: int, viewer: int | None, *, in_order: bool
) -> list[str]:
    faults = []
    for path, expected in lists.items():
        shown = await accounts_listed(client, path, limit, viewer)
        if (shown if in_order else sorted(shown)) != expected:
            faults.append(f"{path} for {viewer}: {difference(expected, shown)}")
    return faults


def _unless_absent(what: str, status: int, hidden: bool) -> list[str]:
    wanted = HTTPStatus.NOT_FOUND if hidden else HTTPStatus.OK
    return [] if status == wanted else [f"{what}: {status} instead of {wanted}"]
