"""Reads of tweets: the home timeline, an account's tweets, one tweet."""

from foldline.core.span import Span
from foldline.errors import ForbiddenError
from foldline.web.call import Answer, Call
from foldline.web.schemas import TimelineQuery, TweetsQuery
from query.entries import Entries, tweets_by
from query.hydrate import with_figures
from query.pages import Source, ask_of, page_of
from query.present import tweet_json, tweets_json
from query.reads import Reads
from query.rules import Viewpoint
from query.skeleton import skeleton, viewer_of


async def home_timeline(reads: Reads, call: Call[None, TimelineQuery]) -> Answer:
    """The caller's own home timeline."""
    user_id = call.user
    if call.query.user_id not in (None, user_id):
        raise ForbiddenError("a home timeline is its owner's alone")
    fresh = await reads.fresh(call)
    viewer = await viewer_of(reads.views, reads.celebrities, user_id)

    async def source(span: Span) -> Entries:
        return await skeleton(reads.views, viewer, span)

    return await _page(reads, source, viewer.viewpoint, call.query, fresh)


async def user_tweets(reads: Reads, call: Call[None, TweetsQuery]) -> Answer:
    """The tweets of one account."""
    author_id = call.id_in_path("user_id")
    fresh = await reads.fresh(call)
    viewpoint = await reads.viewpoint(call)
    await reads.account(viewpoint, author_id)

    async def source(span: Span) -> Entries:
        pages = await reads.views.tweets_of([author_id], span)
        return tweets_by(author_id, pages[author_id], span)

    return await _page(reads, source, viewpoint, call.query, fresh)


async def tweet(reads: Reads, call: Call[None, None]) -> Answer:
    """One tweet."""
    tweet_id = call.id_in_path("tweet_id")
    fresh = await reads.fresh(call)
    viewpoint = await reads.viewpoint(call)
    post = await reads.post(viewpoint, tweet_id)
    [shown] = await with_figures(reads.views, viewpoint, [post])
    return Answer(tweet_json(shown), stale=not fresh)


async def _page(
    reads: Reads, source: Source, viewpoint: Viewpoint, query: TweetsQuery, fresh: bool
) -> Answer:
    ask = ask_of(query.limit, query.cursor, query.direction)
    page = await page_of(reads.views, source, viewpoint, ask, reads.settings.scan_max)
    return Answer(tweets_json(page, reads.clock.now_ms()), stale=not fresh)
