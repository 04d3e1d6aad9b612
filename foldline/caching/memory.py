"""What this process holds in its memory, without waiting for anything: all that is asked for, or
nothing."""

from collections.abc import Collection
from typing import Protocol

from foldline.views.port import Account, Counts, Tweet


class Memory(Protocol):
    """Each answers None where a value is missing, or where nothing may be believed just now."""

    def held_accounts(self, user_ids: Collection[int]) -> dict[int, Account] | None:
        """The accounts."""

    def held_tweets(self, tweet_ids: Collection[int]) -> dict[int, Tweet] | None:
        """The tweets."""

    def held_counts(self, tweet_ids: Collection[int]) -> dict[int, Counts] | None:
        """The counts, zeros among them."""
