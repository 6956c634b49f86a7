"""/auth: register, sign in, refresh, sign out; sessions and passwords."""

from typing import Any
from uuid import UUID

from flask import current_app, request
from flask_restx import Resource
from sqlalchemy import select

from api.accounts import new_passwords
from api.accounts.auth import schemas, service
from api.accounts.auth.schemas import namespace, session_json
from api.accounts.users import schemas as user_schemas
from api.accounts.users import service as users
from api.errors import Forbidden, NotFound
from api.http import paging, ratelimit
from api.http.auth import caller, signed_in
from api.http.idempotency import idempotent
from api.http.options import takes_options
from api.http.refusals import refusal
from api.http.restx import takes
from api.models import Session, now

TEMPORARY = Forbidden(
    "This password is temporary. Set a new one: send this reset_token and a "
    "new_password to /auth/password/reset, then sign in with the new password.",
    "password_change_required",
)
TEMPORARY.members["reset_token"] = schemas.password_choice["token"].example


def _closed() -> Forbidden:
    return Forbidden("Registration is disabled on this server.", "registration_closed")


def _device() -> service.Device:
    agent = request.headers.get("User-Agent", "")
    return service.Device(agent, ratelimit.address(), ratelimit.client())


@namespace.route("/register")
class Register(Resource):
    """New accounts."""

    @namespace.doc("register")
    @takes(namespace, schemas.registration)
    @idempotent(namespace)
    @namespace.response(201, "The new account", user_schemas.user)
    @refusal(namespace, 403, "Registration is disabled", _closed())
    @refusal(namespace, 409, "The e-mail address has an account", users.email_taken())
    @refusal(namespace, 429, "Too many requests", ratelimit.RateLimited(30))
    def post(self, body: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """Register an account."""
        if not current_app.config["SETTINGS"].registration:
            raise _closed()
        ratelimit.count(service.REGISTRATIONS, ratelimit.client())
        return user_schemas.user_json(users.create(**body)), 201


@namespace.route("/login")
class Login(Resource):
    """Signing in."""

    @namespace.doc("login")
    @takes(namespace, schemas.credentials)
    @namespace.response(200, "The tokens of a new session", schemas.tokens)
    @refusal(namespace, 401, "The e-mail address or the password is incorrect", service.wrong())
    @refusal(
        namespace, 403, "The password is temporary; use `reset_token` to set a new one", TEMPORARY
    )
    @refusal(namespace, 429, "Too many wrong passwords", ratelimit.RateLimited(30))
    def post(self, body: dict[str, Any]) -> dict[str, Any]:
        """Sign in with e-mail address and password.

        With a temporary password from an administrator, the response is 403 with the code
        `password_change_required` and a `reset_token`. Send the token and a new password to
        `POST /auth/password/reset` within 15 minutes. Then sign in with the new password.
        """
        return service.login(body["email"], body["password"], _device())


@namespace.route("/refresh")
class Refresh(Resource):
    """New tokens for old."""

    @namespace.doc("refresh")
    @takes(namespace, schemas.renewal, optional=True)
    @signed_in(namespace, token=("refresh",), field="refresh_token")
    @namespace.response(200, "The new tokens of the session", schemas.tokens)
    def post(self) -> dict[str, Any]:
        """Exchange a refresh token for new tokens.

        Send the refresh token as the bearer token or in the body. If there are two, the one in the
        body is used. A refresh token can be used once.
        """
        return service.refresh(caller())


@namespace.route("/logout")
class Logout(Resource):
    """Signing out."""

    @namespace.doc("logout")
    @signed_in(namespace, token=("access", "refresh"))
    @namespace.response(204, "Signed out")
    def post(self) -> tuple[str, int]:
        """Sign out; both tokens of the session stop working immediately."""
        service.logout(caller())
        return "", 204


@namespace.route("/sessions")
class Sessions(Resource):
    """Where you are signed in."""

    @namespace.doc("list_sessions")
    @signed_in(namespace, "account")
    @takes_options(namespace, *paging.OPTIONS)
    @namespace.response(200, "Your sessions, newest first", schemas.session_list)
    def get(self, options: dict[str, Any]) -> paging.Page:
        """List your sessions."""
        who = caller()
        mine = select(Session).where(Session.user_id == who.user_id, Session.expires_at > now())
        return paging.page(mine, Session.id, options, lambda s: session_json(s, who.session_id))

    @namespace.doc("end_sessions")
    @signed_in(namespace, "account")
    @namespace.response(204, "All sessions have ended")
    def delete(self) -> tuple[str, int]:
        """End all your sessions, including this one."""
        service.end_all_sessions(caller())
        return "", 204


@namespace.route("/sessions/<uuid:session_id>")
class OneSession(Resource):
    """One place where you are signed in."""

    @namespace.doc("end_session")
    @signed_in(namespace, "account")
    @namespace.response(204, "The session has ended")
    @refusal(namespace, 404, "You have no such session", NotFound("There is no such session."))
    def delete(self, session_id: UUID) -> tuple[str, int]:
        """End one of your sessions."""
        service.end_session(caller(), session_id)
        return "", 204


@namespace.route("/password")
class Password(Resource):
    """Your password."""

    @namespace.doc("change_password")
    @signed_in(namespace, token=("access",))
    @takes(namespace, schemas.password_change)
    @namespace.response(204, "The password was changed; all other sessions have ended")
    @refusal(namespace, 429, "Too many wrong passwords", ratelimit.RateLimited(30))
    def post(self, body: dict[str, Any]) -> tuple[str, int]:
        """Change your password and end all your other sessions.

        Your API keys stay valid, unless `end_api_keys` is true.
        """
        new, client = body.pop("new_password"), ratelimit.client()
        service.change_password(caller(), body.pop("current_password"), new, client, **body)
        return "", 204


@namespace.route("/password/reset")
class PasswordReset(Resource):
    """A password instead of a temporary one."""

    @namespace.doc("reset_password")
    @takes(namespace, schemas.password_choice)
    @namespace.response(204, "The password was changed; all sessions have ended")
    @refusal(
        namespace,
        403,
        "The token is invalid, was already used, or has expired",
        new_passwords.invalid_token(),
    )
    def post(self, body: dict[str, Any]) -> tuple[str, int]:
        """Set a new password with a reset token; a token works once."""
        new_passwords.choose(body["token"], body["new_password"])
        return "", 204
