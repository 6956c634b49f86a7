"""/users: your own account, and all of them for administrators."""

from typing import Any
from uuid import UUID

from flask_restx import Resource
from sqlalchemy import select

from api.accounts import new_passwords
from api.accounts.users import schemas, service
from api.accounts.users.schemas import namespace, user_json
from api.errors import Conflict, NotFound
from api.http import paging, ratelimit
from api.http.auth import caller, refuse_keys, signed_in
from api.http.idempotency import idempotent
from api.http.options import takes_options
from api.http.refusals import refusal
from api.http.restx import takes
from api.http.times import rfc3339
from api.models import User

NO_USER = NotFound("There is no such user.")
LAST_ADMIN = Conflict("There must be at least one active administrator.", "last_admin")


@namespace.route("/me")
class Me(Resource):
    """The account of whoever asks."""

    @namespace.doc("get_me")
    @signed_in(namespace, "account")
    @namespace.response(200, "Your account", schemas.user)
    def get(self) -> dict[str, Any]:
        """Get your account."""
        return user_json(service.get(caller().user_id))

    @namespace.doc("change_me")
    @signed_in(namespace, "account")
    @takes(namespace, schemas.own_change)
    @namespace.response(200, "Your changed account", schemas.user)
    def patch(self, body: dict[str, Any]) -> dict[str, Any]:
        """Change your name or language."""
        return user_json(service.change(caller().user_id, body))

    @namespace.doc("delete_me")
    @signed_in(namespace, "account")
    @takes(namespace, schemas.own_end)
    @namespace.response(204, "Your account was deleted")
    @refusal(namespace, 409, "You are the last active administrator", LAST_ADMIN)
    @refusal(namespace, 429, "Too many wrong passwords", ratelimit.RateLimited(30))
    def delete(self, body: dict[str, Any]) -> tuple[str, int]:
        """Delete your account and all its data."""
        service.confirm(caller().user_id, body["password"], ratelimit.client())
        service.remove(caller().user_id)
        return "", 204


@namespace.route("")
class Users(Resource):
    """All accounts, for administrators."""

    @namespace.doc("list_users")
    @signed_in(namespace, "account", role="admin")
    @takes_options(namespace, *paging.OPTIONS)
    @namespace.response(200, "All accounts, newest first", schemas.user_list)
    def get(self, options: dict[str, Any]) -> paging.Page:
        """List accounts."""
        return paging.page(select(User), User.id, options, user_json)

    @namespace.doc("create_user")
    @signed_in(namespace, "account", role="admin")
    @takes(namespace, schemas.creation)
    @idempotent(namespace)
    @namespace.response(201, "The new account", schemas.user)
    @refusal(namespace, 409, "The e-mail address has an account", service.email_taken())
    def post(self, body: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """Create an account. An API key can't create an administrator."""
        if "admin" in body.get("roles", ()):
            refuse_keys(caller())
        return user_json(service.create(**body)), 201


@namespace.route("/<uuid:user_id>")
class OneUser(Resource):
    """One account, for administrators."""

    @namespace.doc("get_user")
    @signed_in(namespace, "account", role="admin")
    @namespace.response(200, "The account", schemas.user)
    @refusal(namespace, 404, "There is no such user", NO_USER)
    def get(self, user_id: UUID) -> dict[str, Any]:
        """Get an account."""
        return user_json(service.get(user_id))

    @namespace.doc("change_user")
    @signed_in(namespace, "account", role="admin")
    @takes(namespace, schemas.change)
    @namespace.response(200, "The changed account", schemas.user)
    @refusal(namespace, 404, "There is no such user", NO_USER)
    @refusal(namespace, 409, "There must be at least one active administrator", LAST_ADMIN)
    def patch(self, body: dict[str, Any], user_id: UUID) -> dict[str, Any]:
        """Change an account: name, language, roles, active.

        An API key can't change roles or enable accounts.
        """
        if "roles" in body or body.get("active"):
            refuse_keys(caller())
        return user_json(service.change(user_id, body))

    @namespace.doc("delete_user")
    @signed_in(namespace, "account", role="admin")
    @namespace.response(204, "The account was deleted")
    @refusal(namespace, 404, "There is no such user", NO_USER)
    @refusal(namespace, 409, "There must be at least one active administrator", LAST_ADMIN)
    def delete(self, user_id: UUID) -> tuple[str, int]:
        """Delete an account and all its data."""
        service.remove(user_id)
        return "", 204


@namespace.route("/<uuid:user_id>/password")
class OnePassword(Resource):
    """The password of an account, for administrators."""

    @namespace.doc("reset_user_password")
    @signed_in(namespace, "account", role="admin", token=("access",))
    @takes(namespace, schemas.reset, optional=True)
    @idempotent(namespace)
    @namespace.response(
        200, "The temporary password; it is shown only once", schemas.temporary_password
    )
    @refusal(namespace, 404, "There is no such user", NO_USER)
    def post(self, body: dict[str, Any], user_id: UUID) -> dict[str, Any]:
        """Set a temporary password for a user, and end all their sessions.

        It is valid for three days, and only to set a new password: signing in with it returns 403
        with a `reset_token` for `POST /auth/password/reset`. The old password stops working
        immediately.
        """
        password, until, change = new_passwords.give_temporary(user_id, **body)
        return {
            "temporary_password": password,
            "expires_at": rfc3339(until),
            "ended_sessions": change.ended_sessions,
            "api_keys": change.api_keys,
        }
