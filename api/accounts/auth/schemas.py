"""What signing in looks like on the wire."""

from typing import Any

from flask_restx import Namespace, fields

from api.accounts.users.schemas import EMAIL, LOCALE, NAME, PASSWORD
from api.http.restx import Cursor, Email, Id, NullableTypedString, Time, TypedString, model
from api.http.times import rfc3339
from api.models import Session

namespace = Namespace(
    "auth", description="Register, sign in and out, refresh tokens, manage sessions."
)

registration = model(
    namespace,
    "Registration",
    email=Email(required=True, **EMAIL),
    password=TypedString(required=True, **PASSWORD),
    name=NullableTypedString(**NAME),
    locale=fields.String(**LOCALE),
)
# No length rules: whoever signs in learns nothing about what passwords look like here.
credentials = model(
    namespace,
    "Credentials",
    email=fields.String(required=True, example=EMAIL["example"]),
    password=fields.String(required=True, example=PASSWORD["example"]),
)
renewal = model(
    namespace,
    "Renewal",
    refresh_token=fields.String(
        example="eyJhbGciOiJIUzI1NiIs...", description="Instead of sending it as the bearer token."
    ),
)
NEW_PASSWORD = TypedString(required=True, **{**PASSWORD, "example": "ten thousand great lamps"})
password_change = model(
    namespace,
    "PasswordChange",
    current_password=fields.String(required=True, example=PASSWORD["example"]),
    new_password=NEW_PASSWORD,
    end_api_keys=fields.Boolean(
        example=False, description="Whether to revoke all your API keys too."
    ),
)
password_choice = model(
    namespace,
    "PasswordChoice",
    token=fields.String(
        required=True,
        example="WyIwMWExZmJlZC1jMzE3...",
        description="The `reset_token` from signing in with a temporary password.",
    ),
    new_password=NEW_PASSWORD,
)
tokens = model(
    namespace,
    "Tokens",
    access_token=fields.String(required=True, example="eyJhbGciOiJIUzI1NiIs..."),
    refresh_token=fields.String(required=True, example="eyJhbGciOiJIUzI1NiIs..."),
    token_type=fields.String(required=True, enum=["Bearer"]),
    expires_in=fields.Integer(
        required=True, example=900, description="Lifetime of the access token, in seconds."
    ),
)
session = model(
    namespace,
    "Session",
    id=Id(required=True),
    user_agent=fields.String(
        required=True, example="curl/8.5.0", description="User-Agent of the device."
    ),
    address=fields.String(required=True, example="192.0.2.7"),
    created_at=Time(required=True),
    last_used_at=Time(required=True, description="Time of the sign-in or the latest refresh."),
    expires_at=Time(required=True),
    current=fields.Boolean(
        required=True, description="Whether this is the session of this request."
    ),
)
session_list = model(
    namespace,
    "SessionList",
    items=fields.List(fields.Nested(session), required=True),
    next_cursor=Cursor(required=True),
)


def session_json(row: Session, current: Any) -> dict[str, Any]:
    """The public form of a session."""
    return {
        "id": str(row.id),
        "user_agent": row.user_agent,
        "address": row.address,
        "created_at": rfc3339(row.created_at),
        "last_used_at": rfc3339(row.last_used_at),
        "expires_at": rfc3339(row.expires_at),
        "current": row.id == current,
    }
