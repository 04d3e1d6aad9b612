-- One generation of all views. A row carries the stamp of its cause where writes must be ordered;
-- a removal leaves a row behind (alive = 0), so that an older write can't bring back what was
-- removed. What only ever rises or is only ever set needs no stamp.

-- Profiles. A repeat or an older copy changes nothing.
CREATE TABLE IF NOT EXISTS users (
    user_id INTEGER PRIMARY KEY,
    username TEXT NOT NULL,
    display_name TEXT NOT NULL,
    bio TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    verified INTEGER NOT NULL,
    suspended INTEGER NOT NULL,
    closed_at INTEGER,
    stamp INTEGER NOT NULL
);

-- All accounts that ever had a name: the newest has it. A released name is taken by an account of
-- another partition, whose stamps can't be compared.
CREATE TABLE IF NOT EXISTS users_by_username (
    username TEXT NOT NULL,
    user_id INTEGER NOT NULL,
    PRIMARY KEY (username, user_id)
) WITHOUT ROWID;

-- A stamp group of its own: counts change without the profile, and may be written before it.
CREATE TABLE IF NOT EXISTS user_counts (
    user_id INTEGER PRIMARY KEY,
    followers INTEGER NOT NULL,
    tweets INTEGER NOT NULL,
    stamp INTEGER NOT NULL
);

-- The marker of a deletion is only ever set, also before the tweet is there (then text is NULL).
CREATE TABLE IF NOT EXISTS tweets_by_id (
    tweet_id INTEGER PRIMARY KEY,
    author_id INTEGER,
    text TEXT,
    created_at INTEGER,
    reply_to INTEGER,
    reply_to_author INTEGER,
    retweet_of INTEGER,
    retweet_of_author INTEGER,
    stamp INTEGER NOT NULL DEFAULT 0,
    deleted INTEGER NOT NULL DEFAULT 0
);

-- Both facts of a row are final: that there was such a tweet, and that it was deleted.
CREATE TABLE IF NOT EXISTS tweets_by_user (
    author_id INTEGER NOT NULL,
    tweet_id INTEGER NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (author_id, tweet_id)
) WITHOUT ROWID;

-- Follows, and by the index the same from the other end.
CREATE TABLE IF NOT EXISTS followers_by_user (
    user_id INTEGER NOT NULL,
    follower_id INTEGER NOT NULL,
    alive INTEGER NOT NULL,
    stamp INTEGER NOT NULL,
    PRIMARY KEY (user_id, follower_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS following_by_user ON followers_by_user (follower_id, user_id)
WHERE alive;

-- Blocks (from both ends) and mutes: all that concerns a reader in one place.
CREATE TABLE IF NOT EXISTS restrictions_by_user (
    user_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    other_id INTEGER NOT NULL,
    alive INTEGER NOT NULL,
    stamp INTEGER NOT NULL,
    PRIMARY KEY (user_id, kind, other_id)
) WITHOUT ROWID;

-- What an author's partition remembers: a row is never changed.
CREATE TABLE IF NOT EXISTS words_by_user (
    user_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    about_id INTEGER NOT NULL,
    cause INTEGER NOT NULL,
    value INTEGER NOT NULL,
    stamp INTEGER NOT NULL,
    PRIMARY KEY (user_id, kind, about_id, cause)
) WITHOUT ROWID;

-- Likes, and by the index the same from the other end.
CREATE TABLE IF NOT EXISTS likes_by_tweet (
    tweet_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    author_id INTEGER NOT NULL,
    alive INTEGER NOT NULL,
    stamp INTEGER NOT NULL,
    PRIMARY KEY (tweet_id, user_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS likes_by_user ON likes_by_tweet (user_id, tweet_id) WHERE alive;

-- Retweets of a tweet and replies to it. Both facts of a row are final, and either may come first
-- (without an author it was only heard that it is gone).
CREATE TABLE IF NOT EXISTS references_by_tweet (
    kind TEXT NOT NULL,
    tweet_id INTEGER NOT NULL,
    by_tweet_id INTEGER NOT NULL,
    by_user_id INTEGER,
    gone INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (kind, tweet_id, by_tweet_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS retweets_by_user (
    user_id INTEGER NOT NULL,
    tweet_id INTEGER NOT NULL,
    retweet_id INTEGER,
    stamp INTEGER NOT NULL,
    PRIMARY KEY (user_id, tweet_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS engagement_by_tweet (
    tweet_id INTEGER PRIMARY KEY,
    likes INTEGER NOT NULL,
    retweets INTEGER NOT NULL,
    replies INTEGER NOT NULL,
    stamp INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS user_timelines (
    user_id INTEGER NOT NULL,
    tweet_id INTEGER NOT NULL,
    author_id INTEGER NOT NULL,
    stamp INTEGER NOT NULL,
    alive INTEGER NOT NULL,
    PRIMARY KEY (user_id, tweet_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS timeline_floors (
    user_id INTEGER PRIMARY KEY,
    floor INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS celebrities (
    author_id INTEGER PRIMARY KEY,
    alive INTEGER NOT NULL,
    stamp INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS progress (
    log_partition INTEGER PRIMARY KEY,
    next_offset INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS dead_letters (
    log_partition INTEGER NOT NULL,
    log_offset INTEGER NOT NULL,
    error TEXT NOT NULL,
    value BLOB,
    stamp INTEGER NOT NULL,
    PRIMARY KEY (log_partition, log_offset)
) WITHOUT ROWID;

-- Apart from the letters, so that writing one again does not wipe what became of it.
CREATE TABLE IF NOT EXISTS dead_letter_replays (
    log_partition INTEGER NOT NULL,
    log_offset INTEGER NOT NULL,
    to_partition INTEGER NOT NULL,
    to_offset INTEGER NOT NULL,
    PRIMARY KEY (log_partition, log_offset, to_partition, to_offset)
) WITHOUT ROWID;
