"""What other programs are told of the log: JSON Schemas of the payloads, and an AsyncAPI document.

Schemas of versions that are written no more stay as they are, in `docs/events/`.
"""

from typing import Any, Final

import msgspec

from foldline.core.events import EVENTS
from foldline.settings import Settings

Json = dict[str, Any]

_CONTENT_TYPE: Final = "application/msgpack"
_TOPIC: Final = Settings.model_fields["topic"].default


def event_schemas() -> dict[str, Json]:
    """`<Type>.v<version>` → the schema of the payload that this code writes."""
    return {
        f"{name}.v{kind.VERSION}": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **msgspec.json.schema(kind),
        }
        for name, kind in EVENTS.items()
    }


def asyncapi() -> Json:
    """The topic of the log, and all that was ever written to it."""
    messages = {
        f"{name}.v{version}": _message(name, version)
        for name, kind in EVENTS.items()
        for version in range(1, kind.VERSION + 1)
    }
    of_channel = {name: {"$ref": f"#/components/messages/{name}"} for name in messages}
    return {
        "asyncapi": "3.0.0",
        "id": "urn:foldline",
        "info": {
            "title": "Foldline's log",
            "version": "1.0.0",
            "description": "Every fact, in the order of its partition, for ever.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": _CONTENT_TYPE,
        "channels": {
            "log": {
                "address": _TOPIC,
                "description": "The setting `topic` names it. A record's partition follows from "
                "its key; within a partition records have one order.",
                "messages": of_channel,
                "bindings": {"kafka": {"topic": _TOPIC, "bindingVersion": "0.5.0"}},
            }
        },
        "operations": {
            "append": _operation("send", "Commands and derived events are appended."),
            "fold": _operation("receive", "Workers fold all of it into the views."),
        },
        "components": {"messages": messages, "schemas": {"key": _KEY}},
    }


_KEY: Final[Json] = {
    "type": "string",
    "contentEncoding": "binary",
    "minLength": 8,
    "maxLength": 8,
    "description": "The account whose audience the event concerns: 8 bytes, big-endian.",
}


def _operation(action: str, summary: str) -> Json:
    return {"action": action, "channel": {"$ref": "#/channels/log"}, "summary": summary}


def _message(name: str, version: int) -> Json:
    kind = EVENTS[name]
    said = (kind.__doc__ or "").split("\n\n")[0]
    return {
        "name": f"{name}.v{version}",
        "title": name,
        "summary": " ".join(said.split()),
        "contentType": _CONTENT_TYPE,
        "headers": _headers(name, version),
        "payload": _envelope(name, version),
        "bindings": {
            "kafka": {"key": {"$ref": "#/components/schemas/key"}, "bindingVersion": "0.5.0"}
        },
    }


def _headers(name: str, version: int) -> Json:
    """CloudEvents attributes in the binary mode of its Kafka binding, and the trace."""
    text: Json = {"type": "string", "minLength": 1}
    properties: Json = {
        "ce_specversion": {"const": "1.0"},
        "ce_id": text,
        "ce_type": {"const": f"foldline.{name}.v{version}"},
        "ce_source": {"type": "string", "pattern": "^/foldline/"},
        "ce_time": {"type": "string", "format": "date-time"},
        "content-type": {"const": _CONTENT_TYPE},
        "traceparent": text,
    }
    return {"type": "object", "properties": properties, "required": list(properties)}


def _envelope(name: str, version: int) -> Json:
    whole: Json = {"type": "integer", "minimum": 0, "description": "ms since 1970"}
    properties: Json = {
        "id": {"type": "string"},
        "type": {"const": name},
        "version": {"const": version},
        "occurred_at": whole,
        "data": {"$ref": f"./events/{name}.v{version}.json"},
    }
    optional: Json = {"idempotency_key": {"type": "string"}, "cause": {"type": "string"}}
    return {
        "type": "object",
        "properties": properties | optional,
        "required": list(properties),
    }
