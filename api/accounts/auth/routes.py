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
from api.errors import Forbidden
from api.http import paging, ratelimit
from api.http.auth import caller, signed_in
from api.http.idempotency import idempotent
from api.http.options import takes_options
from api.http.restx import takes
from api.models import Session, now


def _device() -> service.Device:
    agent = request.headers.get("User-Agent", "")
    return service.Device(agent, ratelimit.address(), ratelimit.client())


@namespace.route("/register")
class Register(Resource):
    """New accounts."""

    @takes(namespace, schemas.registration)
    @idempotent(namespace)
    @namespace.response(201, "The new account", user_schemas.user)
    @namespace.response(403, "Registration is closed")
    @namespace.response(409, "The e-mail address has an account")
    @namespace.response(429, "Too many requests")
    def post(self, body: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """Create your account."""
        if not current_app.config["SETTINGS"].registration:
            raise Forbidden("Registration is closed on this server.", "registration_closed")
        ratelimit.count(service.REGISTRATIONS, ratelimit.client())
        return user_schemas.user_json(users.create(**body)), 201


@namespace.route("/login")
class Login(Resource):
    """Signing in."""

    @takes(namespace, schemas.credentials)
    @namespace.response(200, "A new session's tokens", schemas.tokens)
    @namespace.response(401, "The e-mail address or the password is not right")
    @namespace.response(403, "The password is temporary; `reset_token` serves to choose another")
    @namespace.response(429, "Too many wrong passwords")
    def post(self, body: dict[str, Any]) -> dict[str, Any]:
        """Sign in with e-mail address and password.

        If an administrator has given you a temporary password, the answer is 403 with the code
        `password_change_required` and a `reset_token`. Send that and a new password to
        `POST /auth/password/reset` within 15 minutes, then sign in with the new password.
        """
        return service.login(body["email"], body["password"], _device())


@namespace.route("/refresh")
class Refresh(Resource):
    """New tokens for old."""

    @takes(namespace, schemas.renewal, optional=True)
    @signed_in(namespace, token=("refresh",), field="refresh_token")
    @namespace.response(200, "The session's next tokens", schemas.tokens)
    def post(self) -> dict[str, Any]:
        """Exchange a refresh token for a new pair of tokens.

        Send it as bearer token or in the body; the one in the body counts if there are two.
        A refresh token can be used once.
        """
        return service.refresh(caller())


@namespace.route("/logout")
class Logout(Resource):
    """Signing out."""

    @signed_in(namespace, token=("access", "refresh"))
    @namespace.response(204, "Signed out")
    def post(self) -> tuple[str, int]:
        """End this session: both its tokens stop working at once."""
        service.logout(caller())
        return "", 204


@namespace.route("/sessions")
class Sessions(Resource):
    """Where you are signed in."""

    @signed_in(namespace, "account")
    @takes_options(namespace, *paging.OPTIONS)
    @namespace.response(200, "The newest sessions first", schemas.session_list)
    def get(self, options: dict[str, Any]) -> paging.Page:
        """List your sessions."""
        who = caller()
        mine = select(Session).where(Session.user_id == who.user_id, Session.expires_at > now())
        return paging.page(mine, Session.id, options, lambda s: session_json(s, who.session_id))

    @signed_in(namespace, "account")
    @namespace.response(204, "All sessions have ended")
    def delete(self) -> tuple[str, int]:
        """End all your sessions, this one too."""
        service.end_all_sessions(caller())
        return "", 204


@namespace.route("/sessions/<uuid:session_id>")
class OneSession(Resource):
    """One place where you are signed in."""

    @signed_in(namespace, "account")
    @namespace.response(204, "The session has ended")
    @namespace.response(404, "You have no such session")
    def delete(self, session_id: UUID) -> tuple[str, int]:
        """End one of your sessions."""
        service.end_session(caller(), session_id)
        return "", 204


@namespace.route("/password")
class Password(Resource):
    """Your password."""

    @signed_in(namespace, token=("access",))
    @takes(namespace, schemas.password_change)
    @namespace.response(204, "Changed; every other session has ended")
    @namespace.response(429, "Too many wrong passwords")
    def post(self, body: dict[str, Any]) -> tuple[str, int]:
        """Change your password and end every other session.

        Your API keys outlive it, unless `end_api_keys` is true.
        """
        new, client = body.pop("new_password"), ratelimit.client()
        service.change_password(caller(), body.pop("current_password"), new, client, **body)
        return "", 204


@namespace.route("/password/reset")
class PasswordReset(Resource):
    """A password instead of a temporary one."""

    @takes(namespace, schemas.password_choice)
    @namespace.response(204, "Changed; all sessions have ended")
    @namespace.response(403, "The token is not valid, was used before, or has expired")
    def post(self, body: dict[str, Any]) -> tuple[str, int]:
        """Choose a new password with the token that signing in has answered; it serves once."""
        new_passwords.choose(body["token"], body["new_password"])
        return "", 204
