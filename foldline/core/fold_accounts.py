"""What the events on an account mean.

A deletion is final: what comes behind it in the log changes nothing any more. A profile that was
loaded from a view ahead of progress shows through in what is written for an older event, under a
stamp that loses to the one it was loaded from.
"""

from msgspec.structs import replace

from foldline.core import events as ev
from foldline.core.account import Profile
from foldline.core.audience import Audience
from foldline.core.effects import DropFollowers, Effect, SetCelebrity
from foldline.core.folded import Folded, counts
from foldline.core.follow_ups import EndActs
from foldline.core.ids import NO_IDS


def account_created(
    audience: Audience, event: ev.AccountCreated, stamp: int, cap: int, pushed: bool
) -> Folded:
    profile = audience.profile or Profile(event.username, event.display_name, event.bio)
    after = replace(audience, profile=profile)
    return Folded(after, [profile.put(audience.author_id, stamp), counts(after, stamp)])


def account_changed(
    audience: Audience, event: ev.OfAccount, stamp: int, cap: int, pushed: bool
) -> Folded:
    if audience.profile is None:
        return Folded(audience, [])
    profile = audience.profile.after(event, stamp)
    return Folded(replace(audience, profile=profile), [profile.put(audience.author_id, stamp)])


def account_deleted(
    audience: Audience, event: ev.AccountDeleted, stamp: int, cap: int, pushed: bool
) -> Folded:
    if audience.profile is None:
        return Folded(audience, [])
    profile = audience.profile.after(event, stamp)
    after = replace(audience, profile=profile, followers=NO_IDS, celebrity=False)
    effects: list[Effect] = [
        profile.put(audience.author_id, stamp),
        DropFollowers(audience.author_id, audience.followers, stamp),
        counts(after, stamp),
        SetCelebrity(audience.author_id, False, stamp),
    ]
    return Folded(after, effects, [EndActs(audience.author_id)])
