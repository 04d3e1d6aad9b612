"""What can be cached, and under which names."""

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """A sort of value. `FOLLOWED` stands for the following sets that hold an account, and `LIKES`
    for what an account likes; neither is kept under a key of its own."""

    TWEET = "tweet"
    ACCOUNT = "account"
    COUNTS = "counts"
    FOLLOWING = "following"
    FOLLOWED = "followed"
    RESTRICTIONS = "restrictions"
    NEWEST = "newest"
    LIKES = "likes"


class Key(NamedTuple):
    """One value, of a tweet or an account."""

    kind: Kind
    id: int
