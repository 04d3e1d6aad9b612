"""What an author's partition must remember of the past: words, each heard at a stamp.

Some events are refused because of what stands: a follow that a block bars, a second retweet of the
same tweet. Whether it stands must not be asked of a state that may be ahead of progress: there a
later event may have ended it already. So no word replaces another: each is kept under its cause,
and what stands at a stamp is said by the last cause among the words that were heard before.

The cause is the stamp itself where the word is of this partition. A word derived from another
partition has a cause there; it may be appended again, late, by a worker that was thought dead. It
is news only if no word of the same or a later cause was heard before it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class WordKind(StrEnum):
    """What a word is about."""

    BLOCK = "block"  # whether an account blocks the author, and so can't follow
    BAR = "bar"  # whether the author blocks an account, which then can't follow
    RETWEET = "retweet"  # by which tweet the author retweets a tweet


@dataclass(frozen=True, slots=True)
class Word:
    """`value`: 0 where nothing stands any more."""

    cause: int
    stamp: int
    value: int


Topic = tuple[WordKind, int]
Words = Mapping[Topic, tuple[Word, ...]]
"""By what they are about: a kind, and the id of an account or a tweet."""

NO_WORDS: Final[Words] = MappingProxyType({})


def standing(words: Words, topic: Topic, stamp: int) -> int:
    """What stood just before `stamp`; 0 where nothing did."""
    heard = _heard(words, topic, stamp)
    return max(heard, key=lambda word: word.cause).value if heard else 0


def once_stood(words: Words, topic: Topic, value: int, stamp: int) -> bool:
    """Whether `value` stood at any time before `stamp`."""
    return any(word.value == value for word in _heard(words, topic, stamp))


def is_news(words: Words, topic: Topic, word: Word) -> bool:
    """Whether `word` counts where it stands in the log."""
    return all(known.cause < word.cause for known in _heard(words, topic, word.stamp))


def with_word(words: Words, topic: Topic, word: Word) -> Words:
    """One word more; the same where its cause is known."""
    known = words.get(topic, ())
    if any(each.cause == word.cause for each in known):
        return words
    return {**words, topic: (*known, word)}


def _heard(words: Words, topic: Topic, stamp: int) -> list[Word]:
    return [word for word in words.get(topic, ()) if word.stamp < stamp]
