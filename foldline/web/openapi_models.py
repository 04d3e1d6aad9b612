"""The models of the routes as JSON Schemas, and examples of them."""

from collections.abc import Sequence
from typing import Any, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from foldline.web.problems import Problem
from foldline.web.routes import Route

Schema = dict[str, Any]

_REF: Final = "#/components/schemas/{model}"
_EXAMPLES: Final[dict[str, Any]] = {
    "tweet_id": "7319045112852480001",
    "retweet_of": None,
    "reply_to_tweet_id": None,
    "username": "ada",
    "display_name": "Ada",
    "bio": "Counts, and is counted on.",
    "password": "correct horse battery",
    "text": "Hello, timeline",
    "created_at": "2026-01-02T03:04:05.678Z",
    "cursor": "AQAAAAAAAAAABQAAAAAAAAAJhEc",
    "next_cursor": "AQAAAAAAAAAABQAAAAAAAAAJhEc",
    "prev_cursor": None,
    "access_token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3In0.c2lnbmF0dXJl",
    "refresh_token": "c29tZSByYW5kb20gYnl0ZXM",
    "expires_in": 900,
    "position": "3-512",
}
_AN_ID: Final = "7318349394477056001"


class _Untitled(GenerateJsonSchema):
    """Without titles that only repeat the names of the fields."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schemas_of(routes: Sequence[Route]) -> dict[str, Schema]:
    """The schemas of all bodies, by name. What is answered always has all of its fields."""
    taken = {route.takes for route in routes if route.takes}
    given = {route.gives for route in routes if route.gives} | {Problem}
    _, found = models_json_schema(
        [(model, "validation") for model in sorted(taken, key=_name)]
        + [(model, "serialization") for model in sorted(given, key=_name)],
        ref_template=_REF,
        schema_generator=_Untitled,
    )
    schemas: dict[str, Schema] = found["$defs"]
    sent = {model.__name__ for model in taken}
    for name, schema in schemas.items():
        if name not in sent and "properties" in schema:
            schema["required"] = list(schema["properties"])
    for name in schemas.keys() - {Problem.__name__}:  # which has one for each status
        schemas[name]["examples"] = [example_of(name, schemas)]
    return schemas


def reference(model: type[BaseModel]) -> Schema:
    """A schema that stands for the model's."""
    return {"$ref": _REF.format(model=model.__name__)}


def query_parameters(model: type[BaseModel]) -> list[Schema]:
    """The fields of a query. A field that may be null is one that may be left out."""
    schema = model.model_json_schema(schema_generator=_Untitled)
    required = schema.get("required", ())
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": _also_named(model.model_fields[name]),
            "schema": _without_null(field),
        }
        for name, field in schema["properties"].items()
    ]


def example_of(name: str, schemas: dict[str, Schema]) -> Any:
    """A body of the named schema: of an answer all fields, of a request those it can't lack, or
    else one. Ids that it can lack would only repeat who asks."""
    schema = schemas[name]
    optional = [each for each in schema["properties"] if not each.endswith("_id")]
    wanted = schema.get("required") or optional[:1]
    return {each: _value(each, schema["properties"][each], schemas) for each in wanted}


def _value(name: str, schema: Schema, schemas: dict[str, Schema]) -> Any:
    if name in _EXAMPLES:
        return _EXAMPLES[name]
    if "$ref" in schema:
        return example_of(schema["$ref"].rsplit("/", 1)[-1], schemas)
    if "anyOf" in schema:
        return _value(name, schema["anyOf"][0], schemas)
    if "default" in schema:
        return schema["default"]
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "array":
            return [_value("", schema["items"], schemas)]
        case "boolean":
            return True
        case "integer" | "number":
            return schema.get("maximum", 3)
        case "object":
            return {}
        case _:
            return _AN_ID if name.endswith("_id") else name


def _without_null(schema: Schema) -> Schema:
    kept = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if len(kept) == 1:
        return dict(kept[0])
    return {key: value for key, value in schema.items() if key != "description"}


def _also_named(field: FieldInfo) -> str:
    """What is known of a field, with its other names."""
    names = getattr(field.validation_alias, "choices", [""])[1:]
    also = f"Also named {', '.join(names)}." if names else ""
    return " ".join(part for part in (field.description, also) if part)


def _name(model: type[BaseModel]) -> str:
    return model.__name__
