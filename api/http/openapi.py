"""Turns the Swagger 2.0 document that flask-restx writes into OpenAPI 3.0.3: a pure function."""

import json
from typing import Any

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
JSON, PROBLEM = "application/json", "application/problem+json"
ACCEPTED = "202"
TEXT: Doc = {"type": "string"}
# What is text, though its type does not begin so.
TEXTS = ("application/x-subrip", "application/x-ndjson")
PROBLEM_SCHEMA: Doc = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": TEXT,
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": TEXT,
        "code": {"type": "string", "description": "Stable error code for programs."},
        "request_id": TEXT,
        "reset_token": {"type": "string", "description": "Only with `password_change_required`."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": TEXT, "message": TEXT},
            },
        },
    },
}
SECURITY: Doc = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "Access token or API key."},
    "api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def convert(swagger: Doc) -> Doc:
    """The same API as OpenAPI 3.0.3, with every refusal as problem+json."""
    old = json.loads(json.dumps(swagger).replace(*MOVED))
    schemas = {name: _nullable(s) for name, s in sorted(old.get("definitions", {}).items())}
    return {
        "openapi": "3.0.3",
        "info": old["info"],
        "servers": [{"url": old.get("basePath", "/")}],
        "tags": old.get("tags", []),
        "paths": {path: _path(path, item, old) for path, item in sorted(old["paths"].items())},
        "components": {
            "schemas": {**schemas, "Problem": PROBLEM_SCHEMA},
            "securitySchemes": SECURITY,
        },
    }


def _path(path: str, item: Doc, old: Doc) -> Doc:
    # flask-restx names operations after classes, which collide; method and path do not.
    words = path.strip("/").translate(str.maketrans("/-", "__", "{}"))
    new: Doc = {m: _operation(item[m], old) for m in METHODS if m in item}
    for method, operation in new.items():
        operation["operationId"] = f"{method}_{words}"
    if shared := [_parameter(p) for p in item.get("parameters", [])]:
        new["parameters"] = shared
    return new


def _operation(op: Doc, old: Doc) -> Doc:
    parameters: list[Doc] = op.get("parameters", [])
    kept = ("summary", "description", "tags", "deprecated", "security")
    new: Doc = {k: op[k] for k in kept if k in op}
    if plain := [_parameter(p) for p in parameters if p["in"] not in ("body", "formData")]:
        new["parameters"] = plain
    consumes: list[str] = op.get("consumes") or old.get("consumes") or [JSON]
    if body := _body(parameters, consumes, op.get("x-raw-body", [])):
        new["requestBody"] = body | ({"required": False} if op.get("x-optional-body") else {})
    produces: list[str] = op.get("produces") or old.get("produces") or [JSON]
    new["responses"] = {
        # A job is JSON, whatever the route answers otherwise.
        code: _response(code, r, [JSON] if code == ACCEPTED else produces)
        for code, r in op["responses"].items()
    }
    new["responses"]["default"] = _response("default", {"description": "Any other error"}, [])
    return new


def _parameter(p: Doc) -> Doc:
    new: Doc = {k: p[k] for k in ("name", "in", "description", "required") if k in p}
    new["schema"] = {k: p[k] for k in PLAIN if k in p}
    return new


def _body(parameters: list[Doc], consumes: list[str], raw: list[str]) -> Doc | None:
    for p in parameters:
        if p["in"] == "body":
            return {"required": True, "content": {t: {"schema": p["schema"]} for t in consumes}}
    form = [p for p in parameters if p["in"] == "formData"]
    if not form:
        return None
    schema: Doc = {"type": "object", "properties": {p["name"]: _form_field(p) for p in form}}
    if required := [p["name"] for p in form if p.get("required")]:
        schema["required"] = required
    # flask-restx documents a list of files as urlencoded, which cannot carry files.
    types = ["multipart/form-data"] if any(_is_file(p) for p in form) else consumes
    content = {t: {"schema": schema} for t in types} | {t: {"schema": BINARY} for t in raw}
    return {"required": bool(required), "content": content}


def _form_field(p: Doc) -> Doc:
    new: Doc = {k: p[k] for k in (*PLAIN, "description") if k in p}
    if p["type"] == "array" and _is_file(p):
        new["items"] = BINARY
    return new | BINARY if p["type"] == "file" else new


def _is_file(p: Doc) -> bool:
    return "file" in (p["type"], p.get("items", {}).get("type"))


def _response(code: str, r: Doc, produces: list[str]) -> Doc:
    new: Doc = {"description": r.get("description") or "Done"}
    if code == "default" or int(code) >= 400:
        schema = {"$ref": "#/components/schemas/Problem"}
        return {**new, "content": {PROBLEM: {"schema": schema}}}
    if (answer := r.get("schema")) is not None:
        new["content"] = {t: {"schema": _content(t, answer)} for t in produces}
    return new


def _content(media_type: str, answer: Doc) -> Doc:
    if media_type.startswith("text/") or media_type in TEXTS:
        return TEXT
    return answer if media_type == JSON and answer.get("type") != "file" else BINARY


def _nullable(node: Any) -> Any:
    """JSON Schema's ["string", "null"] in the words of OpenAPI 3.0."""
    if isinstance(node, list):
        return [_nullable(n) for n in node]
    if not isinstance(node, dict):
        return node
    out = {k: _nullable(v) for k, v in node.items() if k != "x-nullable"}
    if isinstance(out.get("type"), list):
        out["type"] = next(t for t in out["type"] if t != "null")
        out["nullable"] = True
    return out
