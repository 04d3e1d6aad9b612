"""What was posted of late, by author, as the bus heard it: so that a list that was assembled can be
brought up to date instead of read anew."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Final

_EACH: Final = 32


@dataclass(slots=True)
class _Author:
    """`lost`: the sequence of the newest post that is not among `posts` any more."""

    lost: int = 0
    posts: deque[tuple[int, int]] = field(default_factory=deque)


class Posts:
    """The newest posts of at most so many authors. Sequences are those of the bus."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lost = 0
        self._authors: OrderedDict[int, _Author] = OrderedDict()

    def note(self, sequence: int, author_id: int, tweet_id: int) -> None:
        """This was posted."""
        author = self._authors.setdefault(author_id, _Author())
        self._authors.move_to_end(author_id)
        author.posts.append((sequence, tweet_id))
        if len(author.posts) > _EACH:
            author.lost, _ = author.posts.popleft()
        if len(self._authors) > self._most:
            _, gone = self._authors.popitem(last=False)
            self._lost = max(self._lost, gone.posts[-1][0])

    def forget(self, sequence: int) -> None:
        """Anything may have been posted up to here."""
        self._authors.clear()
        self._lost = sequence

    def since(self, author_id: int, sequence: int) -> list[int] | None:
        """What an author posted after `sequence`, in the order of posting; None where not all of it
        is known."""
        if self._lost > sequence:
            return None
        author = self._authors.get(author_id)
        if author is None:
            return []
        if author.lost > sequence:
            return None
        return [tweet_id for at, tweet_id in author.posts if at > sequence]
