"""What a problem object (RFC 9457) looks like in the documents."""

from collections.abc import Mapping
from typing import Any

Doc = dict[str, Any]
PROBLEM = "application/problem+json"
REQUEST_ID = "01a1fbed-c317-7722-907f-f02a73331a68"
# What the server answers to a fault of its own, which no route documents.
INTERNAL = {
    "code": "internal_error",
    "detail": "An internal error occurred. Search the server's logs for the request_id.",
}


def schema() -> Doc:
    """Return the JSON Schema of all problem objects."""
    text, field = {"type": "string"}, {"type": "string", "example": "email"}
    return {
        "type": "object",
        "description": "RFC 9457 problem details.",
        "required": ["type", "title", "status", "detail", "code", "request_id"],
        "properties": {
            "type": text,
            "title": text,
            "status": {"type": "integer"},
            "detail": text,
            "code": {"type": "string", "description": "Stable identifier for programs."},
            "request_id": text,
            "errors": {
                "type": "array",
                "description": "The invalid fields, with status 422.",
                "items": {
                    "type": "object",
                    "required": ["field", "message"],
                    "properties": {"field": field, "message": text},
                },
            },
        },
    }


def example(status: int, titles: Mapping[int, str], known: Doc | None) -> Doc:
    """Return a whole problem object; `known` has its code and detail."""
    shown = known or INTERNAL
    return {
        "type": f"urn:percept:problem:{shown['code']}",
        "title": titles[status],
        "status": status,
        "detail": shown["detail"],
        "code": shown["code"],
        "request_id": REQUEST_ID,
        **{k: v for k, v in shown.items() if k not in ("code", "detail")},
    }
