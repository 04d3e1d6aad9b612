"""Reads around one tweet: the replies to it, its thread, who likes it, who retweets it.

A retweet has none of these of its own: they are the original's.
"""

import asyncio
from typing import Any, Final

from foldline.core.effects import ReferenceKind
from foldline.core.ids import MAX_ID
from foldline.core.span import Span
from foldline.web.call import Answer, Call
from foldline.web.schemas import PageQuery, TweetsQuery
from query.entries import Entries, accounts_in, entries_of
from query.hydrate import find, with_figures
from query.lists import user_page
from query.pages import Page, ask_of, page_of
from query.reads import Reads
from query.rules import Post, Viewpoint

ANCESTORS_MAX: Final = 100


async def replies(reads: Reads, call: Call[None, TweetsQuery]) -> Answer:
    """The direct replies to a tweet."""
    post, fresh, viewpoint = await _about(reads, call)
    page = await _replies(reads, call.query, post, viewpoint)
    return Answer(reads.fragments.page(page, reads.clock.now_ms()), stale=not fresh)


async def thread(reads: Reads, call: Call[None, TweetsQuery]) -> Answer:
    """What a tweet answers, up to the root, the tweet, and the direct replies to it. Further pages
    hold replies alone."""
    if call.query.cursor is not None:
        return await replies(reads, call)
    post, fresh, viewpoint = await _about(reads, call)
    page, chain = await asyncio.gather(
        _replies(reads, call.query, post, viewpoint), _chain(reads, post, viewpoint)
    )
    above = await with_figures(reads.views, viewpoint, chain)
    return Answer(reads.fragments.page(page, reads.clock.now_ms(), above), stale=not fresh)


async def likes(reads: Reads, call: Call[None, PageQuery]) -> Answer:
    """Who likes a tweet, by id."""
    post, fresh, viewpoint = await _about(reads, call)
    tweet_id = post.tweet.tweet_id

    async def source(after: int | None, limit: int) -> Entries:
        return accounts_in(await reads.views.likers(tweet_id, after or 0, limit), limit)

    return await user_page(reads, call, viewpoint, source, fresh)


async def retweets(reads: Reads, call: Call[None, PageQuery]) -> Answer:
    """Who retweets a tweet, the latest first."""
    post, fresh, viewpoint = await _about(reads, call)
    tweet_id = post.tweet.tweet_id

    async def source(before: int | None, limit: int) -> Entries:
        span = Span(limit, below=MAX_ID if before is None else before)
        rows = await reads.views.references(ReferenceKind.RETWEET, tweet_id, span)
        return entries_of(rows.tweets, rows.authors, span)

    return await user_page(reads, call, viewpoint, source, fresh)


async def _about(reads: Reads, call: Call[Any, Any]) -> tuple[Post, bool, Viewpoint]:
    """The tweet that is asked about; of a retweet, the original."""
    tweet_id = call.id_in_path("tweet_id")
    fresh = await reads.fresh(call)
    viewpoint = await reads.viewpoint(call)
    post = await reads.post(viewpoint, tweet_id)
    if post.original is not None and post.original_author is not None:
        post = Post(post.original, post.original_author)
    return post, fresh, viewpoint


async def _replies(reads: Reads, query: TweetsQuery, post: Post, viewpoint: Viewpoint) -> Page:
    async def source(span: Span) -> Entries:
        rows = await reads.views.references(ReferenceKind.REPLY, post.tweet.tweet_id, span)
        return entries_of(rows.tweets, rows.authors, span)

    ask = ask_of(query.limit, query.cursor, query.direction)
    return await page_of(reads.views, source, viewpoint, ask, reads.settings.scan_max)


async def _chain(reads: Reads, post: Post, viewpoint: Viewpoint) -> list[Post]:
    """The tweet under all that it answers, the root first. What is hidden ends the way up."""
    chain = [post]
    while len(chain) <= ANCESTORS_MAX and (answered := chain[-1].tweet.reply_to) is not None:
        above = await find(reads.views, viewpoint, answered, chain[-1].tweet.reply_to_author)
        if above is None:
            break
        chain.append(above)
    return chain[::-1]
