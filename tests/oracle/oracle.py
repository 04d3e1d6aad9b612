"""The oracle: what a reader must be shown, computed the naive way.

It knows nothing but the commands that were acknowledged, in the order of their acknowledgements,
with the ids that were answered. It imports nothing of the product, so it can't share its mistakes.

A home timeline is: the tweets of the viewer and of the accounts the viewer follows, without deleted
ones; without those of an account that is suspended, deleted, muted by the viewer or blocked in
either direction; without a retweet whose original falls under these, or whose original's author the
viewer follows or is; newest first. A newer id is a newer tweet.

The id of a retweet is not answered to the one who retweets, so a retweet is known by who retweets
what. Its id is learned from the retweeter's own page, as anybody sees it, read apart from the pages
that are compared. `learn` takes that page only if it holds exactly what was acknowledged, and
`misplaced` the ids only if they are in the order of the commands: what was sent after another was
acknowledged has the higher id. Of commands that ran at once either may be the newer one. From then
on every page has one right answer.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from tests.oracle.commands import Acknowledged
from tests.oracle.ledger import Ledger, Pair

ANCESTORS_MAX: Final = 100

Line = tuple[int, int | None]
"""Of a page of tweets: an id, and what it retweets if it is a retweet."""


@dataclass(frozen=True)
class Entry:
    """A tweet or a retweet: its id, who posted it, and what it says."""

    tweet: int
    author: int
    text: str
    reply_to: int | None = None
    retweet_of: int | None = None

    @property
    def told(self) -> int:
        """The tweet whose text and counts are shown."""
        return self.tweet if self.retweet_of is None else self.retweet_of


@dataclass(frozen=True)
class Engagement:
    """How many like, retweet and answer a tweet, and whether the viewer does."""

    likes: int
    retweets: int
    replies: int
    liked: bool
    retweeted: bool


class Oracle:
    """What follows from a list of acknowledged commands."""

    def __init__(self, acknowledged: Iterable[Acknowledged]) -> None:
        self.ledger = Ledger(acknowledged)
        self._ids: dict[Pair, int] = {}  # of the retweets, where they are learned
        self._posts_of: dict[int, list[int]] = defaultdict(list)
        self._replies_to: dict[int, list[int]] = defaultdict(list)
        self._retweeters_of: dict[int, set[int]] = defaultdict(set)
        self._retweets_by: dict[int, set[int]] = defaultdict(set)
        for tweet in sorted(self.ledger.posts.keys() - self.ledger.deleted, reverse=True):
            post = self.ledger.posts[tweet]
            self._posts_of[post.author].append(tweet)
            if post.reply_to is not None:
                self._replies_to[post.reply_to].append(tweet)
        for user, original in self.ledger.retweets:
            self._retweeters_of[original].add(user)
            self._retweets_by[user].add(original)

    def timeline(self, viewer: int) -> list[Entry]:
        """The viewer's whole home timeline, newest first."""
        followed = self.ledger.following[viewer] | {viewer}
        muted = {other for one, other in self.ledger.mutes if one == viewer}
        return [
            entry
            for entry in self._entries
            if entry.author in followed - muted
            and self._shown(entry, viewer)
            and (entry.retweet_of is None or self._author(entry.told) not in followed | muted)
        ]

    def tweets_of(self, author: int, viewer: int | None = None) -> list[Entry]:
        """The author's own page, newest first."""
        own = [entry for entry in self._entries if entry.author == author]
        return [entry for entry in own if self._shown(entry, viewer)]

    def visible(self, tweet: int, viewer: int | None = None) -> bool:
        """Whether the viewer may read a tweet that is no retweet."""
        if tweet not in self.ledger.posts or tweet in self.ledger.deleted:
            return False
        author = self._author(tweet)
        account = self.ledger.accounts[author]
        return not (account.suspended or account.deleted or self._apart(author, viewer))

    def tweet(self, tweet: int) -> Entry:
        """A tweet as it was posted."""
        post = self.ledger.posts[tweet]
        return Entry(tweet, post.author, post.text, post.reply_to)

    def engagement(self, tweet: int, viewer: int | None = None) -> Engagement:
        """The counts of a tweet: the same for all viewers."""
        authors = [self._author(reply) for reply in self._replies_to[tweet]]
        return Engagement(
            likes=len(self.ledger.likers[tweet]),
            retweets=len(self._retweeters_of[tweet]),
            replies=len([each for each in authors if not self.ledger.accounts[each].deleted]),
            liked=viewer in self.ledger.likers[tweet],
            retweeted=viewer in self._retweeters_of[tweet],
        )

    def replies(self, tweet: int, viewer: int | None = None) -> list[Entry]:
        """The direct replies that the viewer may read, newest first."""
        return [self.tweet(r) for r in self._replies_to[tweet] if self.visible(r, viewer)]

    def ancestors(self, tweet: int, viewer: int | None = None) -> list[Entry]:
        """What a tweet answers, the farthest first: up to the root, or to what is hidden."""
        chain: list[Entry] = []
        above = self.ledger.posts[tweet].reply_to
        while above is not None and self.visible(above, viewer) and len(chain) < ANCESTORS_MAX:
            chain.insert(0, self.tweet(above))
            above = self.ledger.posts[above].reply_to
        return chain

    def thread(self, tweet: int, viewer: int | None = None) -> list[Entry]:
        """What a tweet answers, the tweet, and its replies."""
        return [
            *self.ancestors(tweet, viewer),
            self.tweet(tweet),
            *self.replies(tweet, viewer),
        ]

    def likers(self, tweet: int, viewer: int | None = None) -> list[int]:
        """Who likes a tweet, by id."""
        return self._listed(self.ledger.likers[tweet], viewer)

    def retweeters(self, tweet: int, viewer: int | None = None) -> list[int]:
        """Who retweets a tweet, by id."""
        return self._listed(self._retweeters_of[tweet], viewer)

    def followers(self, user: int, viewer: int | None = None) -> list[int]:
        """Who follows `user`, by id."""
        return self._listed(self.ledger.followers[user], viewer)

    def following(self, user: int, viewer: int | None = None) -> list[int]:
        """Whom `user` follows, by id."""
        return self._listed(self.ledger.following[user], viewer)

    def mutuals(self, user: int, viewer: int | None = None) -> list[int]:
        """Whom `user` follows and is followed by, by id."""
        both = self.ledger.following[user] & self.ledger.followers[user]
        return self._listed(both, viewer)

    def directory(self, viewer: int | None = None) -> list[int]:
        """All accounts, by id."""
        return self._listed(self.ledger.accounts, viewer)

    def profile(self, user: int, viewer: int | None = None) -> dict[str, object] | None:
        """An account as the viewer is shown it; None where there is none to be seen."""
        account = self.ledger.accounts[user]
        if account.deleted or (user, viewer) in self.ledger.blocks:
            return None
        return {
            "user_id": str(user),
            "username": account.username,
            "display_name": account.display_name,
            "bio": account.bio,
            "verified": account.verified,
            "status": "suspended" if account.suspended else "active",
            "tweets_count": len(self._posts_of[user]) + len(self._retweets_by[user]),
            "followers_count": len(self.ledger.followers[user]),
            "following_count": len(self.ledger.following[user]),
        }

    def relationship(self, user: int, viewer: int) -> dict[str, bool]:
        """How the viewer stands to another account."""
        return {
            "following": user in self.ledger.following[viewer],
            "followed_by": viewer in self.ledger.following[user],
            "blocking": (viewer, user) in self.ledger.blocks,
            "muting": (viewer, user) in self.ledger.mutes,
        }

    def unlearned(self) -> list[int]:
        """The accounts whose own pages must be learned before any list can be told."""
        return sorted({user for user, _ in self._public_retweets() - self._ids.keys()})

    def learn(self, user: int, page: Sequence[Line]) -> list[str]:
        """Take the ids of retweets from the account's whole page; what is wrong with it."""
        expected = sorted(of for by, of in self._public_retweets() if by == user)
        tweets = sorted(tweet for tweet in self._posts_of[user] if self.visible(tweet))
        repeated = sorted(of for _, of in page if of is not None)
        if repeated != expected:
            return [f"{user} has retweeted {expected}, and not {repeated}"]
        if sorted(tweet for tweet, of in page if of is None) != tweets:
            return [f"the page of {user} has other tweets than {tweets}"]
        self._ids |= {(user, of): tweet for tweet, of in page if of is not None}
        self.__dict__.pop("_entries", None)
        return []

    def misplaced(self) -> list[str]:
        """Ids out of order: where a command was sent after another was acknowledged, and yet has
        the lower one."""
        ledger = self.ledger
        spans = [(t, post.sent, ledger.answered[t]) for t, post in ledger.posts.items()]
        for pair, tweet in self._ids.items():
            retweet, answered = ledger.retweets[pair]
            spans.append((tweet, retweet.sent, answered))
        faults, last = [], (0, 0)  # the one sent last among the lower ids
        for tweet, sent, answered in sorted(spans):
            if last[0] > answered:
                faults.append(f"{last[1]} was sent after {tweet} was acknowledged")
            last = max(last, (sent, tweet))
        return faults

    @cached_property
    def _entries(self) -> list[Entry]:
        """All that anybody may see, newest first."""
        if self.unlearned():
            raise LookupError(f"the ids of retweets are to be learned first: {self.unlearned()}")
        posts = [self.tweet(tweet) for tweet in self.ledger.posts if self.visible(tweet)]
        repeats = [
            Entry(self._ids[user, of], user, self.ledger.posts[of].text, retweet_of=of)
            for user, of in self._public_retweets()
        ]
        return sorted(posts + repeats, key=lambda entry: -entry.tweet)

    def _public_retweets(self) -> set[Pair]:
        """The retweets that anybody may see whom nobody blocks."""
        accounts = self.ledger.accounts
        standing = [pair for pair in self.ledger.retweets if not accounts[pair[0]].suspended]
        return {(user, of) for user, of in standing if self.visible(of)}

    def _shown(self, entry: Entry, viewer: int | None) -> bool:
        """Whether neither who brings a tweet nor whose it is are apart from the viewer."""
        people = {entry.author, self._author(entry.told)}
        return not any(self._apart(each, viewer) for each in people)

    def _author(self, tweet: int) -> int:
        return self.ledger.posts[tweet].author

    def _apart(self, user: int, viewer: int | None) -> bool:
        """Whether one of the two blocks the other."""
        blocks = self.ledger.blocks
        return (user, viewer) in blocks or (viewer, user) in blocks

    def _listed(self, users: Iterable[int], viewer: int | None) -> list[int]:
        """The accounts in a list that the viewer asks for."""
        there = [user for user in users if not self.ledger.accounts[user].deleted]
        return sorted(user for user in there if not self._apart(user, viewer))
