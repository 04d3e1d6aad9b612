-- The control store: what is not a view, and can't be folded again.

CREATE TABLE IF NOT EXISTS claims (
    username TEXT PRIMARY KEY,
    user_id INTEGER NOT NULL,
    claimed_at INTEGER NOT NULL,
    confirmed INTEGER NOT NULL DEFAULT 0,
    free_at INTEGER
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS credentials (
    user_id INTEGER PRIMARY KEY,
    password_hash TEXT,
    role TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS refresh_families (
    name TEXT PRIMARY KEY,
    user_id INTEGER NOT NULL,
    token_hash BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS families_by_expiry ON refresh_families (expires_at);
CREATE TABLE IF NOT EXISTS reservations (
    user_id INTEGER NOT NULL,
    key TEXT NOT NULL,
    tweet_id INTEGER NOT NULL,
    body_hash BLOB NOT NULL,
    log_partition INTEGER,
    log_offset INTEGER,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS reservations_by_expiry ON reservations (expires_at);
CREATE TABLE IF NOT EXISTS generations (
    number INTEGER PRIMARY KEY,
    buckets INTEGER NOT NULL,
    follower_shards INTEGER NOT NULL,
    active INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS builds (
    generation INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;

-- How often a generation was written in place.
CREATE TABLE IF NOT EXISTS repairs (
    generation INTEGER PRIMARY KEY,
    count INTEGER NOT NULL
);

-- Epochs of the log that the views have followed since the first, which is 0.
CREATE TABLE IF NOT EXISTS log_epochs (epoch INTEGER PRIMARY KEY);
