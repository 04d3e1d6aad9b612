"""Stream-Framework 1.4.0 reads pages: a program for the environment of `requirements.lock`.

    python stream_framework_reads.py PORT DB VIEWERS fill ENTRIES
    python stream_framework_reads.py PORT DB VIEWERS read SECONDS

Each viewer's feed on Redis has so many entries. Read are the newest 20 of one viewer after the
other, in one process, without any HTTP, and without the bodies, which it does not have. Prints one
line of JSON.
"""

import json
import sys
import time

from stream_framework_library import batched, configure, mend

PORT, DB, VIEWERS, WHAT, MUCH = sys.argv[1:]
PAGE = 20
AUTHOR = 10_000_000

mend()
configure("redis", int(PORT), "", int(DB))

from stream_framework.activity import Activity
from stream_framework.feeds.redis import RedisFeed
from stream_framework.verbs.base import Add


class Home(RedisFeed):
    key_format = "feed:home:%(user_id)s"
    max_length = 800


def fill(entries):
    Home.timeline_storage_class = batched()
    activities = [Activity(AUTHOR + n % 100, Add, n + 1) for n in range(entries)]
    Home.insert_activities(activities)
    for viewer in range(int(VIEWERS)):
        Home(viewer).add_many(activities, trim=False)
    return {"entries": entries}


def read(seconds):
    began, used = time.perf_counter(), time.process_time()
    reads = 0
    while time.perf_counter() - began < seconds:
        page = Home(reads % int(VIEWERS))[:PAGE]
        assert len(page) == PAGE
        reads += 1
    took = time.perf_counter() - began
    return {
        "reads_per_s": round(reads / took),
        "client_us": round((time.process_time() - used) * 1e6 / reads, 1),
    }


if __name__ == "__main__":
    print(json.dumps(fill(int(MUCH)) if WHAT == "fill" else read(float(MUCH))))
