"""Whoever explores the API sees what to send and what comes back: every value has an example."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from api.config import ROOT
from api.http.openapi import TEXTS

DOCUMENT = json.loads((ROOT / "openapi.json").read_text())
SHOWS_ITSELF = {"example", "enum", "default"}
Schema = dict[str, Any]


def without(schema: Schema, place: str) -> Iterator[str]:
    """The places of all values in a schema that show nobody what they look like."""
    if reference := schema.get("$ref"):
        name = reference.rpartition("/")[2]
        yield from without(DOCUMENT["components"]["schemas"][name], name)
    elif SHOWS_ITSELF & schema.keys() or schema.get("format") == "binary":
        return
    elif schema.get("type") == "object" and "properties" in schema:
        for name, value in schema["properties"].items():
            yield from without(value, f"{place}.{name}")
    elif schema.get("type") == "array":
        yield from without(schema["items"], f"{place}[]")
    elif schema.get("type") != "boolean":
        yield place


def contents() -> Iterator[tuple[str, Schema]]:
    """Every JSON or form that a route takes or answers with."""
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            bodies = [operation.get("requestBody", {})]
            bodies += [r for code, r in operation["responses"].items() if code.startswith("2")]
            for body in bodies:
                for media_type, content in body.get("content", {}).items():
                    if not media_type.startswith("text/") and media_type not in TEXTS:
                        yield f"{method} {path}", content["schema"]


def test_every_value_has_an_example() -> None:
    """Bodies, forms and answers: no field is shown as an empty "string"."""
    assert sorted({place for name, schema in contents() for place in without(schema, name)}) == []


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_every_route_says_what_it_does(path: str) -> None:
    """Each operation has its one-line summary and a tag to be found under."""
    for method, operation in DOCUMENT["paths"][path].items():
        if method != "parameters":
            assert operation["summary"]
            assert operation["tags"]
