"""What a rebuild keeps on disk between its two passes: of each partition the authors who are
pushed, their followers and live tweets. A file is there whole or not at all, so it is the
checkpoint too."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from foldline.core.ids import IntArray, buckets_of
from foldline.core.survivors import Source

_KINDS = ("authors", "follower_counts", "followers", "tweet_counts", "tweets", "stamps")


def save(path: Path, sources: Iterable[Source]) -> None:
    """Write a segment; durable when it has its name."""
    found = list(sources)
    columns: list[IntArray] = [
        np.array([source.author_id for source in found], dtype=np.int64),
        np.array([source.followers.size for source in found], dtype=np.int64),
        _joined([source.followers for source in found]),
        np.array([source.tweets.size for source in found], dtype=np.int64),
        _joined([source.tweets for source in found]),
        _joined([source.stamps for source in found]),
    ]
    draft = path.with_suffix(".draft")
    with draft.open("wb") as file:
        np.savez(file, **dict(zip(_KINDS, columns, strict=True)))  # type: ignore[arg-type]
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def load(path: Path, share: int, shares: int) -> Iterator[Source]:
    """The sources of a segment, with those of their followers whose bucket among `shares` is
    `share`; authors who have none of them are left out."""
    with np.load(path) as file:
        authors, follower_counts, followers, tweet_counts, tweets, stamps = (
            file[kind] for kind in _KINDS
        )
    mine = buckets_of(followers, shares) == share if shares > 1 else np.ones(followers.size, bool)
    f_at, t_at = 0, 0
    for author, f_count, t_count in zip(
        authors.tolist(), follower_counts.tolist(), tweet_counts.tolist(), strict=True
    ):
        own = followers[f_at : f_at + f_count][mine[f_at : f_at + f_count]]
        if own.size:
            span = slice(t_at, t_at + t_count)
            yield Source(author, own, tweets[span], stamps[span])
        f_at, t_at = f_at + f_count, t_at + t_count


def edges_of(path: Path) -> int:
    """How many followers a segment has in all."""
    with np.load(path) as file:
        return int(file["follower_counts"].sum())


def _joined(arrays: list[IntArray]) -> IntArray:
    return np.concatenate(arrays) if arrays else np.empty(0, dtype=np.int64)
