"""What API keys look like on the wire."""

from typing import Any

from flask_restx import Namespace, fields

from api.http.restx import Cursor, Id, NullableTime, Time, model
from api.http.times import rfc3339
from api.http.tokens import SCOPES
from api.models import ApiKey

namespace = Namespace("api-keys", path="/auth/api-keys", description="API keys for programs.")

SHOWN = {
    "id": Id(required=True),
    "name": fields.String(required=True, example="nightly import"),
    "prefix": fields.String(
        required=True,
        example="pct_dSrIKX",
        description="First characters of the key, to recognise it.",
    ),
    "scopes": fields.List(fields.String(enum=list(SCOPES)), required=True),
    "created_at": Time(required=True),
    "expires_at": NullableTime(required=True),
    "last_used_at": NullableTime(required=True),
}
api_key = model(namespace, "ApiKey", **SHOWN)
new_api_key = model(
    namespace,
    "NewApiKey",
    **SHOWN,
    key=fields.String(
        required=True,
        example="pct_dSrIKXUM...",
        description="The key. It is shown only once.",
    ),
)
key_list = model(
    namespace,
    "List",
    items=fields.List(fields.Nested(api_key), required=True),
    next_cursor=Cursor(required=True),
)
creation = model(
    namespace,
    "Creation",
    name=fields.String(required=True, min_length=1, max_length=100, example="nightly import"),
    scopes=fields.List(
        fields.String(enum=list(SCOPES)), min_items=1, unique=True, example=["classify"]
    ),
    expires_at=NullableTime(example="2030-01-01T00:00:00Z"),
)


def key_json(row: ApiKey) -> dict[str, Any]:
    """The public form of a key: without the key."""
    return {
        "id": str(row.id),
        "name": row.name,
        "prefix": row.prefix,
        "scopes": list(row.scopes),
        "created_at": rfc3339(row.created_at),
        "expires_at": rfc3339(row.expires_at) if row.expires_at else None,
        "last_used_at": rfc3339(row.last_used_at) if row.last_used_at else None,
    }
