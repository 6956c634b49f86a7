"""What uploads look like on the wire."""

from typing import Any

from flask_restx import Namespace, fields

from api.http import uploaded
from api.http.restx import Id, NullableString, Time, model
from api.http.times import rfc3339
from api.models import Upload

namespace = Namespace("uploads", description="Upload large files before you use them in a request.")


class NullableInteger(fields.Integer):
    """A whole number that may be null."""

    __schema_type__ = ("integer", "null")


MEDIA_TYPE = r"^[A-Za-z0-9][A-Za-z0-9.+-]*/[A-Za-z0-9][A-Za-z0-9.+-]*$"
wish = model(
    namespace,
    "Wish",
    media_type=fields.String(
        max_length=100,
        pattern=MEDIA_TYPE,
        example="image/png",
        description="If set, the file must be sent with this Content-Type.",
    ),
    size=fields.Integer(
        min=1, example=48213, description="If set, the file must have this number of bytes."
    ),
)
place = model(
    namespace,
    "Place",
    id=Id(required=True, description="Send it as `upload_id` instead of a file."),
    url=fields.String(
        required=True,
        example="https://percept.example/api/v1/uploads/01a1fbed-c317-7722-907f-f02a73331a68"
        "/content?expires=1795230425&signature=5c0e...",
        description="URL to send the file to. It needs no token, so keep it secret.",
    ),
    method=fields.String(required=True, enum=["PUT"], example="PUT"),
    headers=fields.Raw(
        required=True,
        example={"Content-Type": "image/png"},
        description="Headers that must be sent with the file.",
    ),
    expires_at=Time(required=True),
    max_bytes=fields.Integer(required=True, example=200_000_000),
)
upload = model(
    namespace,
    "Upload",
    id=Id(required=True),
    media_type=NullableString(
        required=True, example="image/png", description="Announced media type, if any."
    ),
    size=NullableInteger(required=True, example=48213, description="Announced media type, if any."),
    received=NullableInteger(
        required=True, example=48213, description="Bytes received; `null` if none yet."
    ),
    expires_at=Time(required=True),
)


def place_json(row: Upload, url: str) -> dict[str, Any]:
    """A new upload, and how to put its file."""
    return {
        "id": str(row.id),
        "url": url,
        "method": "PUT",
        "headers": {"Content-Type": row.media_type} if row.media_type else {},
        "expires_at": rfc3339(row.expires_at),
        "max_bytes": uploaded.limit(),
    }


def upload_json(row: Upload) -> dict[str, Any]:
    """An upload as it stands."""
    return {
        "id": str(row.id),
        "media_type": row.media_type,
        "size": row.size,
        "received": uploaded.received(row),
        "expires_at": rfc3339(row.expires_at),
    }
