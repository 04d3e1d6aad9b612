"""Reads of tweets: the home timeline, an account's tweets, one tweet."""

from foldline.caching.keys import Kind
from foldline.core.span import Span
from foldline.errors import ForbiddenError
from foldline.web.call import Answer, Call
from foldline.web.schemas import TimelineQuery, TweetsQuery
from query.entries import Entries, tweets_by
from query.homes import OWN
from query.hydrate import with_figures
from query.pages import Ask, Source, ask_of, first_span, page_of
from query.reads import Reads
from query.rules import Viewpoint
from query.skeleton import Viewer, opened, skeleton


async def home_timeline(reads: Reads, call: Call[None, TimelineQuery]) -> Answer:
    """The caller's own home timeline."""
    user_id = call.user
    if call.query.user_id not in (None, user_id):
        raise ForbiddenError("a home timeline is its owner's alone")
    fresh = await reads.fresh(call)
    ask = ask_of(call.query.limit, call.query.cursor, call.query.direction)
    body = reads.kept.get((user_id, ask.limit)) if reads.kept and not ask.cursor else None
    return Answer(body or await _home_page(reads, user_id, ask), stale=not fresh)


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
    return Answer(reads.fragments.tweet(shown), stale=not fresh)


async def _home_page(reads: Reads, user_id: int, ask: Ask) -> bytes:
    """The body of a page; the newest one is kept until something of it changes."""
    if reads.kept is None or ask.cursor is not None:
        return (await _home_made(reads, user_id, ask))[0]
    with reads.kept.assembling() as made_of:
        body, viewer = await _home_made(reads, user_id, ask)
    # Not all of it is asked of a cache, and so noted: entries, and what the viewer did with them.
    made_of.add(Kind.NEWEST, viewer.following.tolist())
    for kind in OWN:
        made_of.add(kind, (user_id,))
    reads.kept.keep((user_id, ask.limit), body, made_of)
    return body


async def _home_made(reads: Reads, user_id: int, ask: Ask) -> tuple[bytes, Viewer]:
    if reads.homes is not None and ask.cursor is None:
        known = await reads.homes.page(user_id, ask)
        if known is not None:
            page, viewer = known
            return reads.fragments.page(page, reads.clock.now_ms()), viewer
    sequence = 0 if reads.homes is None else reads.homes.sequence
    first = first_span(ask)
    viewer, begun = await opened(reads.views, reads.celebrities, user_id, first)

    async def source(span: Span) -> Entries:
        return begun if span == first else await skeleton(reads.views, viewer, span)

    page = await page_of(reads.views, source, viewer.viewpoint, ask, reads.settings.scan_max)
    if reads.homes is not None and ask.cursor is None:
        reads.homes.keep(viewer, begun, page, sequence)
    return reads.fragments.page(page, reads.clock.now_ms()), viewer


async def _page(
    reads: Reads, source: Source, viewpoint: Viewpoint, query: TweetsQuery, fresh: bool
) -> Answer:
    ask = ask_of(query.limit, query.cursor, query.direction)
    page = await page_of(reads.views, source, viewpoint, ask, reads.settings.scan_max)
    return Answer(reads.fragments.page(page, reads.clock.now_ms()), stale=not fresh)
