"""Stream-Framework 1.4.0 as today's Python and its own stores need it."""

import collections
import collections.abc
import importlib.util
import re
from pathlib import Path


def mend():
    """The library is older than the keyword `async` and than today's `collections`."""
    collections.Hashable = collections.abc.Hashable
    root = Path(importlib.util.find_spec("stream_framework").origin).parent
    source = root / "feed_managers" / "base.py"
    text = source.read_text()
    mended = re.sub(r"\basync\b", "async_", text)
    if mended != text:
        source.write_text(mended)


def configure(store, port, keyspace, db=0):
    import stream_framework.default_settings as defaults
    from celery import Celery
    from stream_framework import settings

    chosen = {
        "STREAM_REDIS_CONFIG": {
            "default": {"host": "127.0.0.1", "port": port, "db": db, "password": None}
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
