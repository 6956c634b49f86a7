"""Turns the Swagger 2.0 document that flask-restx writes into OpenAPI 3.0.3: pure functions."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from api.http.problems import PROBLEM, example, schema

Doc = dict[str, Any]
MOVED = "#/definitions/", "#/components/schemas/"
PLAIN: tuple[str, ...] = (
    "type",
    "format",
    "items",
    "enum",
    "default",
    "minimum",
    "maximum",
    "pattern",
)
PLAIN += ("minLength", "maxLength", "minItems", "maxItems")
METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
BINARY: Doc = {"type": "string", "format": "binary"}
JSON, OCTETS, ANY = "application/json", "application/octet-stream", "*/*"
MULTIPART = "multipart/form-data"
TEXT: Doc = {"type": "string"}
# What is text, though its type does not begin so.
TEXTS = ("application/x-subrip", "application/x-ndjson")
ACCEPTED, PARTIAL = "202", "206"
LICENCE = {
    "name": "Apache 2.0",
    "url": "https://www.apache.org/licenses/LICENSE-2.0",
}
SECURITY: Doc = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "Access token or API key."},
    "api_key": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "API key, instead of `Authorization`.",
    },
}
# The order in which a reader needs them; "" stands for services that are not named here.
ORDER: tuple[str, ...] = ("classify", "ocr", "tts", "stt", "", "models")
ORDER += ("auth", "users", "api-keys", "history", "uploads", "jobs")


def convert(swagger: Doc, titles: Mapping[int, str], order: Sequence[str] = ()) -> Doc:
    """Return the same API as OpenAPI 3.0.3, with every refusal as problem+json.

    `titles` are those of problems by status, `order` has the paths as they were registered.
    """
    old = json.loads(json.dumps(swagger).replace(*MOVED))
    paths: Doc = old["paths"]
    schemas = {name: _nullable(s) for name, s in sorted(old.get("definitions", {}).items())}
    return {
        "openapi": "3.0.3",
        "info": {**old["info"], "license": LICENCE, "contact": {"name": "Percept"}},
        "servers": [{"url": old.get("basePath", "/")}],
        "tags": sorted(old.get("tags", []), key=lambda tag: _rank(tag["name"])),
        "paths": {path: _path(paths[path], titles) for path in _sorted(paths, order)},
        "components": {"schemas": {**schemas, "Problem": schema()}, "securitySchemes": SECURITY},
    }


def strict(swagger: Doc) -> Doc:
    """Return flask-restx's document as valid Swagger 2.0, which knows no lists of files."""
    new: Doc = json.loads(json.dumps(swagger))
    new.setdefault("definitions", {})["Problem"] = schema()
    for item in new["paths"].values():
        for operation in (item[m] for m in METHODS if m in item):
            for ours in ("x-problems", "x-shown", "x-optional-body"):
                operation.pop(ours, None)
            for p in operation.get("parameters", []):
                if p.get("items", {}).get("type") == "file":
                    del p["items"], p["collectionFormat"]
                    p["type"] = "file"
    return new


def _rank(tag: str) -> int:
    return ORDER.index(tag if tag in ORDER else "")


def _sorted(paths: Doc, order: Sequence[str]) -> list[str]:
    """Return the paths by the ranks of their tags, else in this order."""

    def rank(path: str) -> tuple[int, int]:
        tag = min(_rank(op["tags"][0]) for m, op in paths[path].items() if m in METHODS)
        return tag, order.index(path) if path in order else 0

    return sorted(paths, key=rank)


def _path(item: Doc, titles: Mapping[int, str]) -> Doc:
    new: Doc = {m: _operation(item[m], titles) for m in METHODS if m in item}
    if shared := [_parameter(p) for p in item.get("parameters", [])]:
        new["parameters"] = shared
    return new


def _operation(op: Doc, titles: Mapping[int, str]) -> Doc:
    parameters: list[Doc] = op.get("parameters", [])
    kept = ("operationId", "summary", "description", "tags", "deprecated")
    new: Doc = {k: op[k] for k in kept if k in op} | {"security": op.get("security", [])}
    if plain := [_parameter(p) for p in parameters if p["in"] not in ("body", "formData")]:
        new["parameters"] = plain
    if body := _body(parameters, op.get("x-body-example")):
        new["requestBody"] = body | ({"required": False} if op.get("x-optional-body") else {})
    shown = {t: op.get("x-shown", {}).get(t) for t in op.get("produces") or [JSON]}
    problems = op.get("x-problems", {})
    answers = {
        # A job is JSON, whatever the route answers otherwise.
        code: _response(int(code), r, {JSON: None} if code == ACCEPTED else shown)
        for code, r in sorted(op["responses"].items())
        if code < "400"
    }
    if ANY in shown:
        answers[PARTIAL] = {**answers["200"], "description": "The bytes that `Range` names"}
    refused = {
        code: _problem(r["description"], example(int(code), titles, problems.get(code)))
        for code, r in sorted(op["responses"].items())
        if code >= "400"
    }
    other = _problem("Any other refusal", example(500, titles, None))
    return new | {"responses": {**dict(sorted(answers.items())), **refused, "default": other}}


def _parameter(p: Doc) -> Doc:
    new: Doc = {k: p[k] for k in ("name", "in", "description", "required") if k in p}
    new["schema"] = {k: p[k] for k in PLAIN if k in p}
    return new


def _body(parameters: list[Doc], shown: Any) -> Doc | None:
    for p in parameters:
        if p["in"] == "body":
            content: Doc = {"schema": p["schema"]} | ({"example": shown} if shown else {})
            kind = OCTETS if p["schema"].get("format") == "binary" else JSON
            return {"required": True, "content": {kind: content}}
    form = [p for p in parameters if p["in"] == "formData"]
    if not form:
        return None
    fields: Doc = {"type": "object", "properties": {p["name"]: _form_field(p) for p in form}}
    if required := [p["name"] for p in form if p.get("required")]:
        fields["required"] = required
    # flask-restx documents a list of files as urlencoded, which cannot carry files.
    return {"required": bool(required), "content": {MULTIPART: {"schema": fields}}}


def _form_field(p: Doc) -> Doc:
    new: Doc = {k: p[k] for k in (*PLAIN, "description") if k in p}
    if p["type"] == "array":
        new["items"] = BINARY
    return new | BINARY if p["type"] == "file" else new


def _response(status: int, r: Doc, shown: Mapping[str, str | None]) -> Doc:
    new: Doc = {"description": r.get("description") or "Done"}
    if status < 300 and (answer := r.get("schema")) is not None:
        new["content"] = {t: _content(t, answer, text) for t, text in shown.items()}
    return new


def _problem(description: str, shown: Doc) -> Doc:
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": shown}
    return {"description": description, "content": {PROBLEM: content}}


def _content(media_type: str, answer: Doc, shown: str | None) -> Doc:
    if media_type.startswith("text/") or media_type in TEXTS:
        return {"schema": TEXT, "example": shown}
    if media_type == JSON and answer.get("format") != "binary":
        return {"schema": answer}
    return {"schema": BINARY, "example": "The bytes of the file."}


def _nullable(node: Any) -> Any:
    """JSON Schema's ["string", "null"] in the words of OpenAPI 3.0."""
    if isinstance(node, list):
        return [_nullable(n) for n in node]
    if not isinstance(node, dict):
        return node
    if "x-one-of" in node:
        kept = {k: v for k, v in node.items() if k not in ("x-one-of", "type")}
        return {**kept, "oneOf": node["x-one-of"]}
    out = {k: _nullable(v) for k, v in node.items() if k != "x-nullable"}
    if isinstance(out.get("type"), list):
        out["type"] = next(t for t in out["type"] if t != "null")
        out["nullable"] = True
    return out
