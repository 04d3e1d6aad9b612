"""Stream-Framework 1.4.0 delivers posts: a program for the environment of `requirements.lock`.

    python stream_framework_feeds.py STORE PORT KEYSPACE POSTS

STORE: `redis`, as shipped; `redis-batched`, where one pipeline carries a chunk of followers, which
the library means to do and does not; `cassandra`, its feed there. POSTS: a file with a JSON list of
followers for each post. Two processes share the posts, as two workers of its task queue would, with
no broker between: the best case. Prints one line of JSON.
"""

import json
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from stream_framework_library import batched, configure, mend

STORE, PORT, KEYSPACE, POSTS = sys.argv[1:]
PROCESSES = 2
ENTRIES = 800
AUTHOR = 10_000_000

mend()
configure(STORE, int(PORT), KEYSPACE)

from stream_framework.activity import Activity
from stream_framework.feed_managers.base import FanoutPriority, Manager
from stream_framework.verbs.base import Add

if STORE == "cassandra":
    from stream_framework.feeds.cassandra import CassandraFeed as Feed

    Feed.trim = lambda self, *args, **kwargs: None  # it would read each feed
else:
    from stream_framework.feeds.redis import RedisFeed as Feed
if STORE == "redis-batched":
    Feed.timeline_storage_class = batched()


class Home(Feed):
    key_format = "feed:home:%(user_id)s"
    timeline_cf_name = "home"
    max_length = ENTRIES


class Own(Feed):
    key_format = "feed:user:%(user_id)s"
    timeline_cf_name = "own"
    max_length = ENTRIES


class Feeds(Manager):
    feed_classes = {"home": Home}
    user_feed_class = Own
    followers = ()

    def get_user_follower_ids(self, user_id):
        return {FanoutPriority.HIGH: Feeds.followers}


def deliver(first):
    mine = json.loads(Path(POSTS).read_text())[first::PROCESSES]
    feeds = Feeds()
    Feeds.followers = mine[0]
    feeds.add_user_activity(AUTHOR + first, Activity(AUTHOR + first, Add, 10**7 + first))
    deliver.begin.wait()
    began, used = time.monotonic(), time.process_time()
    for number, followers in enumerate(mine):
        Feeds.followers = followers
        activity = Activity(AUTHOR + first, Add, number * PROCESSES + first + 1)
        feeds.add_user_activity(AUTHOR + first, activity)
    return began, time.monotonic(), time.process_time() - used


def together(barrier):
    deliver.begin = barrier


def create_tables():
    from cassandra.cqlengine.management import create_keyspace_simple, sync_table

    create_keyspace_simple(KEYSPACE, 1)
    for feed in (Home, Own):
        sync_table(feed.get_timeline_storage().model)


def main():
    if STORE == "cassandra":
        create_tables()
    fresh = multiprocessing.get_context("spawn")
    barrier = fresh.Barrier(PROCESSES, timeout=120)
    with ProcessPoolExecutor(PROCESSES, fresh, together, (barrier,)) as workers:
        spans = list(workers.map(deliver, range(PROCESSES)))
    rows = sum(map(len, json.loads(Path(POSTS).read_text())))
    took = max(end for _, end, _ in spans) - min(began for began, _, _ in spans)
    found = {
        "deliveries": rows,
        "deliveries_per_s": round(rows / took),
        "client_us_per_delivery": round(sum(used for _, _, used in spans) * 1e6 / rows, 1),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
