"""What users look like on the wire."""

from functools import partial
from typing import Any

from flask_restx import Namespace, fields

from api.accounts import names, passwords
from api.http.bodies import composed
from api.http.locale import LANGUAGES
from api.http.restx import (
    Cursor,
    Email,
    Id,
    NullableString,
    NullableTime,
    NullableTypedString,
    Time,
    TypedString,
    model,
)
from api.http.times import rfc3339
from api.models import ROLES, User

namespace = Namespace("users", description="Your account. Administrators manage all accounts.")

EMAIL: dict[str, Any] = {
    "as_kept": names.trimmed,
    "min_length": 3,
    "max_length": names.LONGEST_EMAIL,
    "example": "ada@example.com",
    "description": "Leading and trailing white space is ignored.",
}
PASSWORD: dict[str, Any] = {
    "as_kept": passwords.normalised,
    "min_length": passwords.SHORTEST,
    "max_length": passwords.LONGEST,
    "example": "ten thousand small lamps",
    "description": "Normalised to NFC before its length is checked.",
}
NAME: dict[str, Any] = {
    "as_kept": partial(composed, longest=names.LONGEST_NAME),
    "min_length": 1,
    "max_length": names.LONGEST_NAME,
    "example": "Ada",
    "description": "Stored in NFC. Control, invisible and markup characters are not allowed.",
}
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
    namespace, "OwnChange", name=NullableTypedString(**NAME), locale=fields.String(**LOCALE)
)
own_end = model(
    namespace,
    "OwnEnd",
    password=TypedString(
        passwords.normalised,
        required=True,
        max_length=passwords.LONGEST,
        example=PASSWORD["example"],
    ),
)
creation = model(
    namespace,
    "Creation",
    shown={"email": "grace@example.com", "password": PASSWORD["example"], "name": "Grace"},
    email=Email(required=True, **EMAIL),
    password=TypedString(required=True, **PASSWORD),
    name=NullableTypedString(**NAME),
    locale=fields.String(**LOCALE),
    roles=fields.List(fields.String(enum=list(ROLES)), max_items=len(ROLES), unique=True),
)
change = model(
    namespace,
    "Change",
    name=NullableTypedString(**NAME),
    locale=fields.String(**LOCALE),
    roles=fields.List(fields.String(enum=list(ROLES)), max_items=len(ROLES), unique=True),
    active=fields.Boolean,
)

reset = model(
    namespace,
    "Reset",
    end_api_keys=fields.Boolean(
        example=False, description="Whether to revoke the user's API keys too."
    ),
)
temporary_password = model(
    namespace,
    "TemporaryPassword",
    temporary_password=fields.String(
        required=True, example="k7mq-r2xw-93hd-tbzn", description="It is shown only once."
    ),
    expires_at=Time(required=True),
    ended_sessions=fields.Integer(required=True, example=2),
    api_keys=fields.Integer(
        required=True, example=1, description="Number of API keys of the user that are still valid."
    ),
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
