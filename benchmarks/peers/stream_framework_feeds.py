"""Stream-Framework 1.4.0 delivers posts: a program for the environment of `requirements.lock`.

    python stream_framework_feeds.py STORE PORT KEYSPACE POSTS

STORE: `redis`, as shipped; `redis-batched`, where one pipeline carries a chunk of followers, which
the library means to do and does not; `cassandra`, its feed there. POSTS: a file with a JSON list of
followers for each post. Two processes share the posts, as two workers of its task queue would, with
no broker between: the best case. Prints one line of JSON.
"""

import collections
import collections.abc
import importlib.util
import json
import multiprocessing
import re
import sys
import time
from pathlib import Path

PROCESSES = 2
ENTRIES = 800
AUTHOR = 10_000_000


def mend():
    """The library is older than the keyword `async` and than today's `collections`."""
    collections.Hashable = collections.abc.Hashable
    root = Path(importlib.util.find_spec("stream_framework").origin).parent
    source = root / "feed_managers" / "base.py"
    text = source.read_text()
    mended = re.sub(r"\basync\b", "async_", text)
    if mended != text:
        source.write_text(mended)


def configure(store, port, keyspace):
    import stream_framework.default_settings as defaults
    from celery import Celery
    from stream_framework import settings

    chosen = {
        "STREAM_REDIS_CONFIG": {
            "default": {"host": "127.0.0.1", "port": port, "db": 0, "password": None}
        }
    }
    if store == "cassandra":
        chosen = {
            "STREAM_CASSANDRA_HOSTS": ["127.0.0.1"],
            "STREAM_DEFAULT_KEYSPACE": keyspace,
            "CASSANDRA_DRIVER_KWARGS": {"protocol_version": 4, "port": port},
        }
    for module in (defaults, settings):
        for name, value in chosen.items():
            setattr(module, name, value)
    Celery("feeds", set_as_current=True).conf.update(
        task_always_eager=True, task_serializer="pickle", accept_content=["pickle"]
    )


def feeds_of(store):
    if store == "cassandra":
        from stream_framework.feeds.cassandra import CassandraFeed as Feed
    else:
        from stream_framework.feeds.redis import RedisFeed as Feed
    if store == "redis-batched":
        Feed.timeline_storage_class = batched()

    class Home(Feed):
        key_format = "feed:home:%(user_id)s"
        timeline_cf_name = "home"
        max_length = ENTRIES

    class Own(Feed):
        key_format = "feed:user:%(user_id)s"
        timeline_cf_name = "own"
        max_length = ENTRIES

    if store == "cassandra":
        Home.trim = Own.trim = lambda self, *args, **kwargs: None  # it would read each feed
    return Home, Own


def batched():
    """The Redis storage that does use the pipeline it is given."""
    from stream_framework.storage.redis.timeline_storage import RedisTimelineStorage

    class Batched(RedisTimelineStorage):
        def add_to_storage(self, key, activities, batch_interface=None, *args, **kwargs):
            cache = self.get_cache(key)
            if batch_interface is not None:
                cache.redis = batch_interface
            cache.add_many([(int(number), value) for number, value in activities.items()])
            return len(activities)

        def get_batch_interface(self):
            pipe = super().get_batch_interface()
            leave = type(pipe).__exit__

            class Executed(type(pipe)):
                def __exit__(self, kind, error, trace):
                    if kind is None:
                        self.execute()
                    leave(self, kind, error, trace)

            pipe.__class__ = Executed
            return pipe

    return Batched


def deliver(store, posts, first, begin, done):
    import stream_framework.storage.redis.connection as connection
    from stream_framework.activity import Activity
    from stream_framework.feed_managers.base import FanoutPriority, Manager
    from stream_framework.verbs.base import Add

    connection.connection_pool = None
    home, own = feeds_of(store)

    class Feeds(Manager):
        feed_classes = {"home": home}
        user_feed_class = own

        def get_user_follower_ids(self, user_id):
            return {FanoutPriority.HIGH: self.followers}

    feeds = Feeds()
    mine = posts[first::PROCESSES]
    feeds.followers = mine[0]
    feeds.add_user_activity(AUTHOR + first, Activity(AUTHOR + first, Add, 10**7 + first))
    begin.wait()
    began, used = time.monotonic(), time.process_time()
    for number, followers in enumerate(mine):
        feeds.followers = followers
        activity = Activity(AUTHOR + first, Add, number * PROCESSES + first + 1)
        feeds.add_user_activity(AUTHOR + first, activity)
    done.put((began, time.monotonic(), time.process_time() - used))


def create(keyspace, stores):
    from cassandra.cqlengine.management import create_keyspace_simple, sync_table

    create_keyspace_simple(keyspace, 1)
    for feed in stores:
        sync_table(feed.get_timeline_storage().model)


def main():
    store, port, keyspace, posts = sys.argv[1:]
    mend()
    configure(store, int(port), keyspace)
    if store == "cassandra":
        maker = multiprocessing.Process(target=lambda: create(keyspace, feeds_of(store)))
        maker.start()
        maker.join()
    posts = json.loads(Path(posts).read_text())
    begin, done = multiprocessing.Barrier(PROCESSES), multiprocessing.Queue()
    workers = [
        multiprocessing.Process(target=deliver, args=(store, posts, first, begin, done))
        for first in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    spans = [done.get(timeout=600) for _ in workers]
    for worker in workers:
        worker.join()
    rows = sum(map(len, posts))
    took = max(end for _, end, _ in spans) - min(began for began, _, _ in spans)
    print(
        json.dumps(
            {
                "deliveries": rows,
                "deliveries_per_s": round(rows / took),
                "client_us_per_delivery": round(sum(used for _, _, used in spans) * 1e6 / rows, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
