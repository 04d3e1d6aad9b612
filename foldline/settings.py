"""Every number and address of an installation, once. Environment: `FOLDLINE_<NAME>`."""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from foldline.sizing import (
    buckets_of_users,
    events_for_rows,
    partitions_of_workers,
    rows_in_memory,
)

ProfileName = Literal["embedded", "distributed"]
CacheName = Literal["on", "local", "off"]


class Settings(BaseSettings):
    """Units stand last in the names. What is fixed when a log or a generation is made says so."""

    model_config = SettingsConfigDict(env_prefix="FOLDLINE_", extra="forbid", frozen=True)

    profile: ProfileName = "embedded"
    data_dir: Path = Path(".foldline")
    node_id: int = Field(default=0, ge=0, le=1023, description="unique for each process")

    # What the sizes follow from: those that are 0 below. See `sizing.py`.
    users: int = Field(default=1_000_000, ge=1, description="accounts that are expected")
    workers: int = Field(default=2, ge=1, description="that share the log at most times")
    worker_memory_mb: int = Field(default=512, ge=128)

    # The log. The partition count is fixed when a log is made.
    partitions: int = Field(default=0, ge=0, le=1024, description="0: 4 embedded, else by workers")
    log_epoch: int = Field(default=0, ge=0, le=4095, description="how often it was migrated")
    kafka_bootstrap: str = "127.0.0.1:9092"
    topic: str = "events"
    max_event_bytes: int = Field(default=65_536, ge=4_096)
    append_timeout_s: float = Field(default=10.0, gt=0)
    append_queue_max: int = Field(default=20_000, ge=1)
    append_group_max: int = Field(default=1_000, ge=1, description="records one fsync covers")
    tail_poll_s: float = Field(default=0.1, gt=0, description="for other processes' appends")

    # The stores. Buckets and shards are fixed when a generation is made.
    cassandra_hosts: str = "127.0.0.1"
    cassandra_port: int = 9042
    cassandra_datacenter: str = "datacenter1"
    replication_factor: int = Field(default=1, ge=1)
    keyspace: str = Field(default="foldline", pattern=r"^[a-z][a-z0-9_]{0,30}$")
    allow_periodic_commitlog: bool = False
    buckets: int = Field(default=0, ge=0, description="0: by users")
    follower_shards: int = Field(default=4, ge=1, le=256)
    requests_in_flight: int = Field(default=64, ge=1)
    mutation_bytes: int = Field(default=163_840, ge=1, description="of rows of one bucket")
    rows_per_page: int = Field(default=5_000, ge=1, description="rows of one answer of the store")
    store_timeout_s: float = Field(default=10.0, gt=0)
    store_reconnect_s: float = Field(default=0.5, gt=0)
    store_heartbeat_s: int = Field(default=5, ge=1, description="a mute connection is given up")
    migration_lease_s: int = Field(default=60, ge=1)
    sqlite_readers: int = Field(default=4, ge=1, le=64)
    sqlite_queue_max: int = Field(default=10_000, ge=1)
    sqlite_cache_kib: int = Field(default=16_384, ge=64, description="for each connection")
    sqlite_wal_pages: int = Field(default=8_000, ge=100, description="between two checkpoints")
    redis_url: str = "redis://127.0.0.1:6379/0"
    redis_timeout_s: float = Field(default=0.1, gt=0)

    # The fold.
    cap: int = Field(default=800, ge=1, description="entries that a backfill delivers")
    promote_at: int = Field(default=100_000, ge=1, description="followers of a celebrity")
    demote_below: int = Field(default=90_000, ge=0)
    follows_max: int = Field(default=5_000, ge=1, description="accounts one account may follow")

    # The worker.
    batch_events: int = Field(default=0, ge=0, description="0: by rows_per_part")
    batch_wait_s: float = Field(default=0.05, gt=0, description="of the embedded profile")
    audience_cache_bytes: int = Field(default=0, ge=0, description="0: a quarter of the memory")
    rows_per_part: int = Field(
        default=0, ge=0, description="timeline rows written as one; 0: by memory"
    )
    trim_samples: int = Field(default=1, ge=0, description="users looked at after each batch")
    worker_instance: str = Field(default="worker-1", pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    session_timeout_s: float = Field(default=8.0, gt=0)
    worker_stop_timeout_s: float = Field(default=15.0, gt=0)
    stall_timeout_s: float = Field(default=60.0, gt=0)

    # A rebuild.
    rebuild_processes: int = Field(default=0, ge=0, description="0: 1 embedded, else a core each")
    rebuild_memory_mb: int = Field(default=1_024, ge=64, description="of all of them; then disk")
    rebuild_lease_s: int = Field(default=30, ge=5)

    # The readers.
    celebrity_cache_s: float = Field(default=1.0, ge=0)
    request_timeout_s: float = Field(default=10.0, gt=0)
    after_wait_s: float = Field(default=0.5, ge=0)
    scan_max: int = Field(default=20_000, ge=1, description="ids one page may look at")

    # The readers' caches. Lifetimes only bound what is kept: what changes is dropped by the log.
    cache: CacheName = Field(default="on", description="local: shared with no other process")
    cached_bodies: int = Field(default=100_000, ge=1, description="in memory, of each kind")
    cached_sets: int = Field(default=20_000, ge=1, description="in memory, of each kind")
    cached_tweets_s: float = Field(default=86_400.0, gt=0)
    cached_sets_s: float = Field(default=3_600.0, gt=0, description="and accounts, and counts")
    cached_homes: int = Field(default=20_000, ge=1, description="some 5 KB each")
    cached_page_bytes: int = Field(default=128 << 20, ge=0, description="newest pages of homes")
    cache_local_bytes: int = Field(default=64 << 20, ge=0)
    cache_stale_s: float = Field(default=1.0, gt=0, description="folded, and yet not served")
    bus_poll_s: float = Field(default=0.05, gt=0)
    bus_pending_max: int = Field(default=100_000, ge=1, description="events, not folded yet")
    bus_slots: int = Field(default=1 << 20, ge=1, description="8 bytes each")
    redis_connections: int = Field(default=16, ge=1)

    # HTTP.
    bind_host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65_535)
    body_max_bytes: int = Field(default=16_384, ge=1_024)
    reuse_port: bool = Field(default=False, description="several processes share the port")
    admin_port: int = Field(default=8081, ge=0, le=65_535)
    requests_max: int = Field(default=512, ge=1, description="in hand; more are turned away")
    lag_max_s: float = Field(default=1.0, gt=0, description="of the event loop; the same")
    idempotency_ttl_s: int = Field(default=172_800, ge=60)
    claim_lease_s: int = Field(default=60, ge=1)

    # Who is asking. Trusted headers are for use behind a gateway that sets them.
    auth: Literal["jwt", "trusted-header"] = "jwt"
    jwt_secret: SecretStr = SecretStr("")  # empty: a key of its own, beside the data
    access_ttl_s: int = Field(default=900, ge=1)
    refresh_ttl_s: int = Field(default=2_592_000, ge=60)
    username_release_s: int = Field(default=2_592_000, ge=0)
    trusted_proxies: bool = Field(default=False, description="take X-Forwarded-For's last hop")

    # What anybody may ask for; verified accounts five times as much.
    limits: Literal["on", "off"] = "on"
    limit_tweets: int = Field(default=300, ge=1, description="per user in 3 h")
    limit_follows: int = Field(default=400, ge=1, description="per user and day")
    limit_reads: int = Field(default=900, ge=1, description="per user in 15 min")
    limit_reads_per_ip: int = Field(default=3_000, ge=1, description="in 5 min")
    limit_accounts: int = Field(default=100, ge=1, description="made per address and hour")
    limit_login: int = Field(default=10, ge=1, description="per address and per name, a minute")

    @model_validator(mode="after")
    def _consistent(self) -> "Settings":
        if self.demote_below > self.promote_at:
            raise ValueError("demote_below must not exceed promote_at")
        return self

    @model_validator(mode="after")
    def _sized(self) -> "Settings":
        memory = self.worker_memory_mb << 20
        self._derive("buckets", buckets_of_users(self.users))
        self._derive("rows_per_part", rows_in_memory(memory))
        self._derive("batch_events", events_for_rows(self.rows_per_part))
        self._derive("audience_cache_bytes", memory // 4)
        return self

    @property
    def log_name(self) -> str:
        """Of the topic, which differs for each epoch."""
        return f"{self.topic}-e{self.log_epoch}" if self.log_epoch else self.topic

    @property
    def log_path(self) -> Path:
        """Of the log's file, in the embedded profile."""
        return self.data_dir / (f"log-e{self.log_epoch}.sqlite" if self.log_epoch else "log.sqlite")

    @property
    def partition_count(self) -> int:
        """The partitions of a new log."""
        by_workers = 4 if self.profile == "embedded" else partitions_of_workers(self.workers)
        return self.partitions or by_workers

    @property
    def rebuild_process_count(self) -> int:
        """The processes that work on a rebuild at once; a file has one writer anyway."""
        by_cores = 1 if self.profile == "embedded" else os.cpu_count() or 1
        return self.rebuild_processes or by_cores

    @property
    def rebuild_share_bytes(self) -> int:
        """What each of them may keep in memory."""
        return (self.rebuild_memory_mb << 20) // self.rebuild_process_count

    def _derive(self, name: str, value: int) -> None:
        if getattr(self, name) == 0:
            object.__setattr__(self, name, value)  # it is frozen only from here on

    @property
    def settle_s(self) -> float:
        """How long a celebrity flag must have been readable before pushing may stop: one lifetime
        of any reader's copy, and the longest request that began with it."""
        return self.celebrity_cache_s + self.request_timeout_s
