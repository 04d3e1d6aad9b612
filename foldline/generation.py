"""A generation: one whole set of views, folded from the log, beside which another can be built."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Generation:
    """Its number names it; buckets and shards are fixed when it is made."""

    number: int
    buckets: int
    follower_shards: int
