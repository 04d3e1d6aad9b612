"""`foldline` of a later release, whose views know how long the text of a tweet is: one migration
more, and what is written for it."""

from collections.abc import Iterator
from typing import Any, Final

from app.main import main
from cql import loader, migrator
from foldline.core import effects as fx
from foldline.views import cassandra, cassandra_rows, sqlite, sqlite_rows

_ADDED: Final = "ALTER TABLE tweets_by_id ADD IF NOT EXISTS length int"


def migrations(folder: str) -> list[loader.Script]:
    more = [loader.Script("views/0002_lengths.cql", _ADDED, (_ADDED,))]
    return loader.migrations(folder) + (more if folder == "views" else [])


def statements(groups: tuple[str, ...]) -> dict[str, loader.Statement]:
    put = loader.Statement(
        "UPDATE tweets_by_id USING TIMESTAMP ? SET length = ? WHERE second = ? AND tweet_id = ?",
        "How long the text of a tweet is.",
    )
    return loader.statements(groups) | {"put_length": put}


def put_tweet(effect: Any, placement: Any) -> Iterator[Any]:
    yield from _PUT_TWEET(effect, placement)
    second = cassandra_rows.second_of(effect.tweet_id)
    yield "put_length", effect.stamp, len(effect.text), second, effect.tweet_id


def row(effect: Any) -> list[tuple[Any, ...]]:
    said = (getattr(effect, field) for field in _FIELDS)
    return [(effect.tweet_id, *said, len(effect.text), effect.stamp)]


_PUT_TWEET: Final = cassandra_rows._WRITES[fx.PutTweet]
_FIELDS: Final = (
    *("author_id", "text", "created_at"),
    *("reply_to", "reply_to_author", "retweet_of", "retweet_of_author"),
)
_PUT: Final = sqlite_rows._guarded("tweets_by_id", ["tweet_id"], [*_FIELDS, "length"])
_, _LISTED = sqlite_rows._ROWS[fx.PutTweet]
migrator.migrations = migrations  # type: ignore[attr-defined]
cassandra.statements = statements  # type: ignore[attr-defined]
cassandra_rows._WRITES[fx.PutTweet] = put_tweet  # type: ignore[index]
_COLUMN: Final = "ALTER TABLE tweets_by_id ADD COLUMN length INTEGER;"
sqlite.MIGRATIONS = (*sqlite.MIGRATIONS, _COLUMN)  # type: ignore[misc, assignment]
sqlite_rows._ROWS[fx.PutTweet] = (_PUT, row), _LISTED  # type: ignore[index]

if __name__ == "__main__":
    main()
