"""Reads of tweets: the home timeline, an account's tweets, one tweet."""

import numpy as np

from foldline.core.merge import Merged, merge, run_of
from foldline.core.span import Span
from foldline.errors import ForbiddenError, NotFoundError
from foldline.web.call import Answer, Call
from foldline.web.schemas import TimelineQuery, TweetsQuery, tweet_out
from query.hydrate import hydrate
from query.pages import Source, ask_of, tweet_page
from query.reads import Reads
from query.skeleton import skeleton, viewer_of


async def home_timeline(reads: Reads, call: Call[None, TimelineQuery]) -> Answer:
    """The caller's own home timeline."""
    user_id = call.user
    if call.query.user_id not in (None, user_id):
        raise ForbiddenError("a home timeline is its owner's alone")
    fresh = await reads.fresh(call)
    await reads.account(user_id)
    viewer = await viewer_of(reads.views, reads.celebrities, user_id)

    async def source(span: Span) -> Merged:
        return await skeleton(reads.views, viewer, span)

    return await _page(reads, source, call.query, fresh)


async def user_tweets(reads: Reads, call: Call[None, TweetsQuery]) -> Answer:
    """The tweets of one account."""
    author_id = call.id_in_path("user_id")
    fresh = await reads.fresh(call)
    await reads.account(author_id)

    async def source(span: Span) -> Merged:
        pages = await reads.views.tweets_of([author_id], span)
        return merge([run_of(pages[author_id], span)], span.direction)

    return await _page(reads, source, call.query, fresh)


async def tweet(reads: Reads, call: Call[None, None]) -> Answer:
    """One tweet."""
    tweet_id = call.id_in_path("tweet_id")
    fresh = await reads.fresh(call)
    shown = await hydrate(reads.views, np.array([tweet_id], dtype=np.int64))
    if not shown:
        raise NotFoundError(f"there is no tweet {tweet_id}")
    return Answer(tweet_out(shown[0].tweet, shown[0].author), stale=not fresh)


async def _page(reads: Reads, source: Source, query: TweetsQuery, fresh: bool) -> Answer:
    page = await tweet_page(
        reads.views,
        source,
        ask_of(query.limit, query.cursor, query.direction),
        reads.settings.scan_max,
        reads.clock.now_ms(),
    )
    return Answer(page, stale=not fresh)
