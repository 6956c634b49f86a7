"""What users look like on the wire."""

from typing import Any

from flask_restx import Namespace, fields

from api.http.locale import LANGUAGES
from api.http.restx import Cursor, Id, NullableString, NullableTime, Time, model
from api.http.times import rfc3339
from api.models import ROLES, User

namespace = Namespace("users", description="Your own account, and all of them for administrators.")

EMAIL = {"min_length": 3, "max_length": 254, "example": "ada@example.com"}
PASSWORD = {"min_length": 12, "max_length": 128, "example": "ten thousand small lamps"}
NAME = {"min_length": 1, "max_length": 100, "example": "Ada"}
LOCALE = {"enum": list(LANGUAGES), "example": "en"}

user = model(
    namespace,
    "User",
    id=Id(required=True),
    email=fields.String(required=True, example="ada@example.com"),
    email_verified=fields.Boolean(required=True),
    name=NullableString(required=True, example="Ada"),
    locale=fields.String(required=True, enum=list(LANGUAGES)),
    roles=fields.List(fields.String(enum=list(ROLES)), required=True),
    active=fields.Boolean(required=True),
    created_at=Time(required=True),
    last_login_at=NullableTime(required=True),
)
user_list = model(
    namespace,
    "List",
    items=fields.List(fields.Nested(user), required=True),
    next_cursor=Cursor(required=True),
)
own_change = model(
    namespace, "OwnChange", name=NullableString(**NAME), locale=fields.String(**LOCALE)
)
own_end = model(
    namespace, "OwnEnd", password=fields.String(required=True, max_length=128, example="...")
)
creation = model(
    namespace,
    "Creation",
    email=fields.String(required=True, **EMAIL),
    password=fields.String(required=True, **PASSWORD),
    name=NullableString(**NAME),
    locale=fields.String(**LOCALE),
    roles=fields.List(fields.String(enum=list(ROLES)), max_items=len(ROLES), unique=True),
)
change = model(
    namespace,
    "Change",
    name=NullableString(**NAME),
    locale=fields.String(**LOCALE),
    roles=fields.List(fields.String(enum=list(ROLES)), max_items=len(ROLES), unique=True),
    active=fields.Boolean,
)


def user_json(row: User) -> dict[str, Any]:
    """The public form of a user; what it leaves out never leaves the server."""
    return {
        "id": str(row.id),
        "email": row.email,
        "email_verified": row.email_verified,
        "name": row.name,
        "locale": row.locale,
        "roles": list(row.roles),
        "active": row.active,
        "created_at": rfc3339(row.created_at),
        "last_login_at": rfc3339(row.last_login_at) if row.last_login_at else None,
    }
