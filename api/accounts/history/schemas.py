"""What the history looks like on the wire."""

from typing import Any

from flask_restx import Namespace, fields

from api.http.options import Option
from api.http.restx import Cursor, Id, NullableString, Time, model
from api.http.times import rfc3339
from api.models import HistoryEntry

namespace = Namespace("history", description="Your past requests and their results.")

FILTERS = (
    Option("service", "Only entries of this service, such as `ocr`."),
    Option("from", "Only entries from this time on (RFC 3339)."),
    Option("to", "Only entries before this time (RFC 3339)."),
)
REDIRECT = Option(
    "redirect",
    "`true`: redirect (307) to a URL of the file storage, valid for five minutes. If files are "
    "stored in a folder, the server always sends the file itself.",
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
        description="Options of the request, including defaults.",
    ),
    "created_at": Time(required=True),
    "duration_ms": fields.Float(
        required=True, example=55.57, description="Duration of the computation, in milliseconds."
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
        description="Result of the service, as JSON.",
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
