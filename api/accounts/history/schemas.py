"""What the history looks like on the wire."""

from typing import Any

from flask_restx import Namespace, fields

from api.http.options import Option
from api.http.restx import Cursor, Id, NullableString, Time, model
from api.http.times import rfc3339
from api.models import HistoryEntry

namespace = Namespace("history", description="What you have asked, and what was answered.")

FILTERS = (
    Option("service", "Only entries of this service, such as `ocr`."),
    Option("from", "Only entries of this time (RFC 3339) or later."),
    Option("to", "Only entries before this time (RFC 3339)."),
)
REDIRECT = Option(
    "redirect",
    "Whether to answer 307 with an address, good for five minutes, at which the store of the files "
    "has it. Where the files are in a folder, they come from here in any case.",
    bool,
    default=False,
)
COLUMNS = {
    "id": Id(required=True),
    "service": fields.String(required=True, example="classify"),
    "model": fields.String(required=True, example="mobilenet_v2"),
    "language": NullableString(required=True, example="en"),
    "options": fields.Raw(
        required=True,
        example={"top_k": 5, "language": "en"},
        description="As they were given, with the defaults.",
    ),
    "created_at": Time(required=True),
    "duration_ms": fields.Float(
        required=True, example=55.57, description="What the computation took."
    ),
    "input_type": NullableString(
        required=True, example="image/jpeg", description="Media type of the stored input, if any."
    ),
    "output_type": NullableString(
        required=True, example="audio/wav", description="Media type of the stored output, if any."
    ),
}
summary = model(namespace, "Summary", **COLUMNS)
entry = model(
    namespace,
    "Entry",
    **COLUMNS,
    result=fields.Raw(
        required=True,
        example={"predictions": [{"class_id": "cat", "label": "cat", "probability": 0.93}]},
        description="What the service answered, as JSON.",
    ),
)
entry_list = model(
    namespace,
    "List",
    items=fields.List(fields.Nested(summary), required=True),
    next_cursor=Cursor(required=True),
)


def summary_json(row: HistoryEntry) -> dict[str, Any]:
    """An entry without its result."""
    return {
        "id": str(row.id),
        "service": row.service,
        "model": row.model,
        "language": row.language,
        "options": row.options,
        "created_at": rfc3339(row.created_at),
        "duration_ms": row.duration_ms,
        "input_type": row.input_type,
        "output_type": row.output_type,
    }


def entry_json(row: HistoryEntry) -> dict[str, Any]:
    """An entry with its result."""
    return {**summary_json(row), "result": row.result}
