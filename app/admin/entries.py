"""Operators' routes about what is in the views: why, since when, whether rightly, and what could
not be folded into them."""

from functools import partial

from app import auditing, dead_letters, questions
from app.admin.operation import Operation
from app.admin.schemas import (
    AsOfQuery,
    AuditIn,
    CauseOut,
    EntryOut,
    ExplainQuery,
    ExplanationOut,
    LetterIn,
    LetterOut,
    LettersOut,
    LettersQuery,
    RepairIn,
    ReplayedOut,
    TimelineOut,
)
from app.auditing import audit_once, scope_of
from foldline.core.position import Position
from foldline.errors import NotFoundError
from foldline.web.call import Answer, Call, parse_id
from foldline.web.schemas import rfc3339
from streams.explaining import Explanation


async def order(operation: Operation, call: Call[None, None]) -> Answer:
    """How far an order is, and its answer."""
    number = parse_id(call.path["order_id"])
    if number is None:
        raise NotFoundError("orders have numbers")
    return Answer(operation.orders.get(number))


async def explain(operation: Operation, call: Call[None, ExplainQuery]) -> Answer:
    """Why a tweet is in a home timeline, or is not."""
    viewer, tweet = str(call.query.user_id), call.query.tweet_id
    found: Explanation = await operation.aside.run(questions.explain, viewer, tweet)
    causes = [
        CauseOut(position=each.position, at=rfc3339(each.at), what=each.what)
        for each in found.causes
    ]
    answer = ExplanationOut(
        user_id=str(found.viewer),
        tweet_id=str(found.tweet),
        author_id=str(found.author),
        due=found.due,
        served=found.served,
        path=found.path,
        rule=found.rule,
        causes=causes,
    )
    return Answer(answer)


async def timeline(operation: Operation, call: Call[None, AsOfQuery]) -> Answer:
    """A home timeline by the log alone, as it is or as it was."""
    asked = call.query
    found: questions.Timeline = await operation.aside.run(
        questions.timeline, str(asked.user_id), asked.as_of, asked.limit
    )
    entries = [
        EntryOut(
            tweet_id=each.tweet_id,
            author_id=each.author_id,
            username=each.username,
            posted_at=rfc3339(each.posted_at),
            text=each.text,
        )
        for each in found.entries
    ]
    return Answer(TimelineOut(user_id=found.viewer, ends=found.ends, entries=entries))


async def repair(operation: Operation, call: Call[RepairIn, None]) -> Answer:
    """Write a part of the served generation anew, in place."""
    asked = call.body
    since, until = (
        None if when is None else round(when.timestamp() * 1000)
        for when in (asked.since, asked.until)
    )
    scope = scope_of(frozenset(asked.users), frozenset(asked.authors), asked.view, since, until)
    work = operation.aside.run(partial(auditing.repair, dry_run=asked.dry_run), scope)
    return Answer(operation.orders.begin("repair", work), status=202)


async def audit(operation: Operation, call: Call[AuditIn | None, None]) -> Answer:
    """Compare a sample of what is served with the log, once."""
    asked = call.body or AuditIn()
    work = operation.aside.run(partial(audit_once, repair=asked.repair), asked.accounts)
    return Answer(operation.orders.begin(f"audit {asked.accounts} accounts", work), status=202)


async def letters(operation: Operation, call: Call[None, LettersQuery]) -> Answer:
    """What could not be folded."""
    found = await dead_letters.letters(operation.profile.views, call.query.limit)
    shown = [LetterOut.model_validate(dead_letters.as_json(each)) for each in found]
    return Answer(LettersOut(letters=shown))


async def replay(operation: Operation, call: Call[LetterIn, None]) -> Answer:
    """Give a dead letter another try."""
    at = Position.parse(call.body.position)
    copy = await dead_letters.replay(operation.profile, at)
    answer = ReplayedOut(position=str(at), replayed_to=str(copy))
    return Answer(answer, positions=[copy])
