"""What each effect writes, statement by statement. Timelines are written apart, as columns."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from foldline.cassandra import Write
from foldline.core import effects as fx
from foldline.core.ids import splitmix64
from foldline.core.position import BELOW_FLOOR_STAMP

_PUT_REFERENCE: Final = {
    fx.ReferenceKind.RETWEET: "put_retweet",
    fx.ReferenceKind.REPLY: "put_reply",
}
_MARK_GONE: Final = {
    fx.ReferenceKind.RETWEET: "mark_retweet_gone",
    fx.ReferenceKind.REPLY: "mark_reply_gone",
}
_SECOND_BITS: Final = 32  # 22 of a snowflake are below its milliseconds


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a generation's rows lie; fixed when it was made."""

    buckets: int
    shards: int

    def bucket(self, user_id: int) -> int:
        """Whose timeline partition."""
        return splitmix64(user_id) % self.buckets

    def shard(self, user_id: int) -> int:
        """Of a follower among an author's, and of a celebrity."""
        return splitmix64(user_id) % self.shards

    @property
    def all_shards(self) -> list[int]:
        return list(range(self.shards))


def second_of(tweet_id: int) -> int:
    """The partition of a tweet: those of 1,024 milliseconds share one."""
    return tweet_id >> _SECOND_BITS


def writes(effect: fx.Effect, placement: Placement) -> Iterator[Write]:
    """The writes of one effect, in any order; none for what goes into timelines as columns."""
    return _WRITES[type(effect)](effect, placement)


def _put_account(effect: fx.PutAccount, placement: Placement) -> Iterator[Write]:
    yield (
        "put_account",
        effect.user_id,
        effect.username,
        effect.display_name,
        effect.bio,
        effect.created_at,
        effect.verified,
        effect.suspended,
        effect.closed_at,
        effect.stamp,
    )
    yield "put_username", effect.username, effect.user_id, effect.stamp


def _put_tweet(effect: fx.PutTweet, placement: Placement) -> Iterator[Write]:
    yield (
        "put_tweet",
        second_of(effect.tweet_id),
        effect.tweet_id,
        effect.author_id,
        effect.text,
        effect.created_at,
        effect.reply_to,
        effect.reply_to_author,
        effect.retweet_of,
        effect.retweet_of_author,
        effect.stamp,
    )
    yield "list_tweet", effect.author_id, effect.tweet_id, effect.stamp


def _delete_tweet(effect: fx.DeleteTweet, placement: Placement) -> Iterator[Write]:
    yield "mark_deleted", effect.stamp, second_of(effect.tweet_id), effect.tweet_id
    yield "list_deleted", effect.stamp, effect.author_id, effect.tweet_id


def _put_edge(effect: fx.PutEdge, placement: Placement) -> Iterator[Write]:
    follower, followee, stamp = effect.follower_id, effect.followee_id, effect.stamp
    yield "put_follower", followee, placement.shard(follower), follower, stamp, stamp
    yield "put_followee", follower, followee, stamp, stamp


def _drop_edge(effect: fx.DropEdge, placement: Placement) -> Iterator[Write]:
    follower, followee, stamp = effect.follower_id, effect.followee_id, effect.stamp
    yield "drop_follower", stamp, followee, placement.shard(follower), follower
    yield "drop_followee", stamp, follower, followee


def _drop_followers(effect: fx.DropFollowers, placement: Placement) -> Iterator[Write]:
    # The list of the deleted account itself is what a repeat of this is made from: it stays.
    for follower in effect.followers.tolist():
        yield "drop_followee", effect.stamp, follower, effect.followee_id


def _set_block(effect: fx.SetBlock, placement: Placement) -> Iterator[Write]:
    one, other, stamp = effect.blocker_id, effect.blocked_id, effect.stamp
    yield _restriction(one, "blocks", other, effect.blocked, stamp)
    yield _restriction(other, "blocked_by", one, effect.blocked, stamp)


def _set_mute(effect: fx.SetMute, placement: Placement) -> Iterator[Write]:
    yield _restriction(effect.muter_id, "mutes", effect.muted_id, effect.muted, effect.stamp)


def _restriction(user_id: int, kind: str, other_id: int, stands: bool, stamp: int) -> Write:
    if stands:
        return "put_restriction", user_id, kind, other_id, stamp, stamp
    return "drop_restriction", stamp, user_id, kind, other_id


def _put_word(effect: fx.PutWord, placement: Placement) -> Iterator[Write]:
    row = (effect.author_id, effect.kind.value, effect.about_id, effect.cause)
    yield "put_word", *row, effect.value, effect.stamp, effect.stamp


def _set_own_retweet(effect: fx.SetOwnRetweet, placement: Placement) -> Iterator[Write]:
    user_id, tweet_id, stamp = effect.user_id, effect.tweet_id, effect.stamp
    if effect.retweet_id is None:
        yield "drop_own_retweet", stamp, user_id, tweet_id
    else:
        yield "put_own_retweet", user_id, tweet_id, effect.retweet_id, stamp


def _set_like(effect: fx.SetLike, placement: Placement) -> Iterator[Write]:
    tweet_id, user_id, stamp = effect.tweet_id, effect.user_id, effect.stamp
    shard = placement.shard(user_id)
    if effect.liked:
        yield "put_like", tweet_id, shard, user_id, stamp, stamp
        yield "put_liked", user_id, tweet_id, effect.author_id, stamp
    else:
        yield "drop_like", stamp, tweet_id, shard, user_id
        yield "drop_liked", stamp, user_id, tweet_id


def _put_reference(effect: fx.PutReference, placement: Placement) -> Iterator[Write]:
    row = (effect.tweet_id, effect.by_tweet_id, effect.by_user_id)
    yield _PUT_REFERENCE[effect.kind], *row, effect.stamp


def _drop_reference(effect: fx.DropReference, placement: Placement) -> Iterator[Write]:
    yield _MARK_GONE[effect.kind], effect.stamp, effect.tweet_id, effect.by_tweet_id


def _set_engagement(effect: fx.SetEngagement, placement: Placement) -> Iterator[Write]:
    numbers = (effect.likes, effect.retweets, effect.replies)
    yield "set_engagement", effect.tweet_id, *numbers, effect.stamp


def _set_counts(effect: fx.SetCounts, placement: Placement) -> Iterator[Write]:
    yield "set_counts", effect.stamp, effect.followers, effect.tweets, effect.user_id


def _raise_floor(effect: fx.RaiseFloor, placement: Placement) -> Iterator[Write]:
    for user_id in effect.users.tolist():
        yield "raise_floor", user_id, effect.floor, effect.floor


def _trim_below(effect: fx.TrimBelow, placement: Placement) -> Iterator[Write]:
    bucket = placement.bucket(effect.user_id)
    yield "trim", BELOW_FLOOR_STAMP, bucket, effect.user_id, effect.floor


def _set_celebrity(effect: fx.SetCelebrity, placement: Placement) -> Iterator[Write]:
    shard = placement.shard(effect.author_id)
    if effect.celebrity:
        yield "put_celebrity", shard, effect.author_id, effect.stamp
    else:
        yield "drop_celebrity", effect.stamp, shard, effect.author_id


def _put_dead_letter(effect: fx.PutDeadLetter, placement: Placement) -> Iterator[Write]:
    yield (
        "put_dead_letter",
        effect.partition,
        effect.offset,
        effect.error,
        effect.value,
        effect.stamp,
    )


def _as_columns(effect: fx.Deliver | fx.Retract, placement: Placement) -> Iterator[Write]:
    return iter(())


_WRITES: Final[Mapping[type, Callable[[Any, Placement], Iterator[Write]]]] = {
    fx.PutAccount: _put_account,
    fx.PutTweet: _put_tweet,
    fx.DeleteTweet: _delete_tweet,
    fx.PutEdge: _put_edge,
    fx.DropEdge: _drop_edge,
    fx.DropFollowers: _drop_followers,
    fx.SetBlock: _set_block,
    fx.SetMute: _set_mute,
    fx.PutWord: _put_word,
    fx.SetOwnRetweet: _set_own_retweet,
    fx.SetLike: _set_like,
    fx.PutReference: _put_reference,
    fx.DropReference: _drop_reference,
    fx.SetEngagement: _set_engagement,
    fx.SetCounts: _set_counts,
    fx.Deliver: _as_columns,
    fx.Retract: _as_columns,
    fx.RaiseFloor: _raise_floor,
    fx.TrimBelow: _trim_below,
    fx.SetCelebrity: _set_celebrity,
    fx.PutDeadLetter: _put_dead_letter,
}
