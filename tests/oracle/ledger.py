"""What stands once a list of commands is acknowledged: sets of pairs, in the naive way."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from tests.oracle.commands import (
    AccountDeleted,
    Acknowledged,
    Blocked,
    Deleted,
    Followed,
    Joined,
    Liked,
    Muted,
    OfAccount,
    OfPair,
    OfTweet,
    Posted,
    Reinstated,
    Retweeted,
    Suspended,
    Unblocked,
    Unfollowed,
    Unliked,
    Unmuted,
    Unretweeted,
    Updated,
    Verified,
)

Pair = tuple[int, int]


@dataclass(frozen=True)
class Account:
    """An account as it was last told."""

    username: str
    display_name: str
    bio: str = ""
    verified: bool = False
    suspended: bool = False
    deleted: bool = False


class Ledger:
    """`posts`: all tweets but retweets, deleted ones too; `answered`: when each was acknowledged.
    `retweets`: by (who, of what), those that stand, and when each was acknowledged. `blocks`,
    `mutes`: (who, whom)."""

    def __init__(self, acknowledged: Iterable[Acknowledged]) -> None:
        self.accounts: dict[int, Account] = {}
        self.posts: dict[int, Posted] = {}
        self.answered: dict[int, int] = {}
        self.deleted: set[int] = set()
        self.retweets: dict[Pair, tuple[Retweeted, int]] = {}
        self.likers: dict[int, set[int]] = defaultdict(set)
        self.following: dict[int, set[int]] = defaultdict(set)
        self.followers: dict[int, set[int]] = defaultdict(set)
        self.blocks: set[Pair] = set()
        self.mutes: set[Pair] = set()
        for number, command in enumerate(acknowledged):
            match command:
                case OfAccount():
                    self._on_account(command)
                case OfTweet():
                    self._on_tweet(command, number)
                case OfPair():
                    self._on_pair(command)

    def _on_account(self, command: OfAccount) -> None:
        if isinstance(command, Joined):
            shown = command.display_name or command.username
            self.accounts[command.user] = Account(command.username, shown)
            return
        account = self.accounts[command.user]
        match command:
            case Updated(_, display_name, bio):
                if display_name is not None:
                    account = replace(account, display_name=display_name)
                if bio is not None:
                    account = replace(account, bio=bio)
            case Suspended() | Reinstated():
                account = replace(account, suspended=isinstance(command, Suspended))
            case Verified():
                account = replace(account, verified=True)
            case AccountDeleted():
                account = replace(account, deleted=True)
                self._end(command.user)
        self.accounts[command.user] = account

    def _on_tweet(self, command: OfTweet, number: int) -> None:
        match command:
            case Posted():
                self.posts[command.tweet] = command
                self.answered[command.tweet] = number
            case Deleted(tweet):
                self.deleted.add(tweet)
            case Liked(user, tweet):
                self.likers[tweet].add(user)
            case Unliked(user, tweet):
                self.likers[tweet].discard(user)
            case Retweeted(user, original):
                self.retweets.setdefault((user, original), (command, number))
            case Unretweeted(user, original):
                self.retweets.pop((user, original), None)

    def _on_pair(self, command: OfPair) -> None:
        one, other = command.pair
        match command:
            case Followed():
                self.following[one].add(other)
                self.followers[other].add(one)
            case Unfollowed():
                self._part(one, other)
            case Blocked():
                self.blocks.add((one, other))
                self._part(one, other)
                self._part(other, one)
            case Unblocked():
                self.blocks.discard((one, other))
            case Muted():
                self.mutes.add((one, other))
            case Unmuted():
                self.mutes.discard((one, other))

    def _part(self, follower: int, followee: int) -> None:
        self.following[follower].discard(followee)
        self.followers[followee].discard(follower)

    def _end(self, user: int) -> None:
        """All that a deleted account did to others is undone."""
        for other in list(self.following[user]):
            self._part(user, other)
        for other in list(self.followers[user]):
            self._part(other, user)
        for likers in self.likers.values():
            likers.discard(user)
        self.retweets = {pair: kept for pair, kept in self.retweets.items() if pair[0] != user}
