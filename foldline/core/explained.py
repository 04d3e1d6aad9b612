"""Why a tweet is in a home timeline, or is not: by the facts of the log."""

from dataclasses import dataclass
from typing import Final

from foldline.core import events as ev
from foldline.core.ledger import Ledger
from foldline.core.served import why_hidden, why_not_repeated


@dataclass(frozen=True, slots=True)
class Question:
    """About a viewer and a tweet. `original`: of a retweet, what it repeats, and by whom."""

    viewer: int
    tweet: int
    author: int
    original: tuple[int, int] | None = None

    @property
    def authors(self) -> frozenset[int]:
        """Whose doings matter, beside the viewer's."""
        return frozenset((self.author, *(self.original[1:] if self.original else ())))

    def concerns(self, event: ev.Event) -> bool:
        """Whether the answer may depend on an event."""
        authors = self.authors
        match event:
            case ev.TweetPosted(tweet_id=tweet) | ev.TweetDeleted(tweet_id=tweet):
                return tweet in (self.tweet, self.original and self.original[0])
            case ev.OfFollowee(follower_id=follower, followee_id=followee):
                return follower == self.viewer and followee in authors
            case ev.OfBlocked(blocker_id=blocker, blocked_id=blocked):
                return {blocker, blocked} <= {self.viewer, *authors} and self.viewer in (
                    blocker,
                    blocked,
                )
            case ev.OfMuted(muter_id=muter, muted_id=muted):
                return muter == self.viewer and muted in authors
            case ev.OfAccount(account_id=account):
                relevant = not isinstance(event, ev.AccountUpdated | ev.AccountVerified)
                return relevant and account in (self.viewer, *authors)
            case ev.AuthorPromoted(author_id=author) | ev.AuthorDemoted(author_id=author):
                return author == self.author
        return False


def why_absent(ledger: Ledger, asked: Question) -> str | None:
    """The rule by which the tweet is not in the viewer's home timeline, or None: it is."""
    viewer = ledger.accounts.get(asked.viewer)
    if viewer is None or not viewer.created or viewer.deleted:
        return f"there is no account {asked.viewer}"
    author = ledger.accounts.get(asked.author)
    if author is None or (asked.tweet not in author.tweets and asked.tweet not in author.gone):
        return f"{asked.author} never posted {asked.tweet}"
    if asked.tweet in author.gone:
        return f"tweet {asked.tweet} is deleted"
    following = ledger.follows.get(asked.viewer, set())
    if asked.author != asked.viewer and asked.author not in following:
        return f"the viewer does not follow {asked.author}"
    hidden = why_hidden(ledger, asked.viewer, asked.author)
    return hidden or why_not_repeated(ledger, asked.viewer, author, asked.tweet)


_TOLD: Final[dict[type[ev.Event], str]] = {
    ev.AccountCreated: "account {account_id} was created",
    ev.AccountSuspended: "account {account_id} was suspended",
    ev.AccountReinstated: "account {account_id} was reinstated",
    ev.AccountDeleted: "account {account_id} was deleted",
    ev.TweetPosted: "{author_id} posted {tweet_id}",
    ev.TweetDeleted: "{author_id} deleted {tweet_id}",
    ev.AuthorPromoted: "{author_id} became a celebrity, with {followers_count} followers",
    ev.AuthorDemoted: "{author_id} was a celebrity no longer, with {followers_count} followers",
    ev.UserFollowed: "{follower_id} followed {followee_id}",
    ev.UserUnfollowed: "{follower_id} unfollowed {followee_id}",
    ev.FollowBarred: "{followee_id} blocks {follower_id}: follows are refused",
    ev.FollowUnbarred: "{followee_id} does not block {follower_id}: follows are taken",
    ev.UserBlocked: "{blocker_id} blocked {blocked_id}",
    ev.UserUnblocked: "{blocker_id} unblocked {blocked_id}",
    ev.UserMuted: "{muter_id} muted {muted_id}",
    ev.UserUnmuted: "{muter_id} unmuted {muted_id}",
}


def told(event: ev.Event) -> str:
    """An event that concerns a question, in words."""
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    return _TOLD[type(event)].format(**fields)
