"""Who is calling: an access token or an API key, the scopes and the roles."""

import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import g, request
from flask_restx import Namespace
from sqlalchemy import ColumnElement, exists, select, update

from api.errors import Forbidden, NotSignedIn
from api.extensions import db
from api.http import tokens
from api.http.refusals import refusal
from api.models import ApiKey, Session, User, now

KEY_PREFIX = "pct_"
TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Caller:
    """Who a request comes from; roles are those of now, not of when the token was made."""

    user_id: UUID
    roles: tuple[str, ...]
    scopes: frozenset[str]
    session_id: UUID | None = None
    generation: int = 0
    key_id: UUID | None = None


def caller() -> Caller:
    """The caller of this request, once `signed_in` has let it through."""
    return g.caller  # type: ignore[no-any-return]  # flask.g is untyped


def hold(who: Caller) -> None:
    """Lock the caller's account for the rest of the transaction: what is counted stays true.

    Raises:
        NotSignedIn: the account was deleted or disabled since the request began.
    """
    # An UPDATE, because SQLite has no other lock; it changes nothing.
    lock = update(User).where(User.id == who.user_id, User.active).values(active=User.active)
    if db.session.execute(lock.returning(User.id)).first() is None:
        db.session.rollback()
        raise _ended()


def still_allowed(who: Caller) -> ColumnElement[bool]:
    """Return the condition that the caller's account and session or key are still good."""
    account = exists().where(User.id == who.user_id, User.active)
    if who.key_id is None:
        return account & exists().where(Session.id == who.session_id, Session.expires_at > now())
    lasts = ApiKey.expires_at.is_(None) | (ApiKey.expires_at > now())
    return account & exists().where(ApiKey.id == who.key_id, lasts)


def _ended() -> NotSignedIn:
    return NotSignedIn("This session has ended. Please sign in again.", "token_revoked")


def signed_in(
    ns: Namespace,
    *scopes: str,
    role: str = "",
    token: tuple[tokens.Kind, ...] = (),
    field: str = "",
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Lets only known callers through, and documents that.

    API keys need one of the scopes, if any are named; where `token` names kinds of tokens, only
    those will do. With `field`, the JSON body is for the token only: there it takes precedence
    over the header.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            sent = kwargs.pop("body").get(field) if field else None
            who = identify(token or ("access",), sent)
            g.caller = _allowed(who, scopes, role, bool(token))
            # Slow uploads come next: they must not sit on a database connection.
            db.session.close()
            return view(*args, **kwargs)

        ways = ["bearer"] if token else ["bearer", "api_key"]
        documented = ns.doc(security=[*ways, {}] if field else ways)(guarded)
        documented = refusal(ns, 401, "Not authenticated", _nobody())(documented)
        return refusal(ns, 403, "Forbidden", _not_allowed(scopes, role, bool(token)))(documented)

    return decorate


def _allowed(who: Caller, scopes: tuple[str, ...], role: str, token_only: bool) -> Caller:
    if scopes and who.scopes.isdisjoint(scopes):
        raise _no_scope(scopes)
    if token_only:
        refuse_keys(who)
    if role and role not in who.roles:
        raise _no_role()
    return who


def _no_scope(scopes: tuple[str, ...]) -> Forbidden:
    missing = ", ".join(scopes)
    return Forbidden(
        "This API key does not have the scope %(scope)s.", "scope_missing", scope=missing
    )


def _no_role() -> Forbidden:
    return Forbidden("Only administrators are allowed to do this.", "role_missing")


def _no_session() -> Forbidden:
    return Forbidden("API keys are not accepted here. Sign in instead.", "session_needed")


def _not_allowed(scopes: tuple[str, ...], role: str, token_only: bool) -> Forbidden:
    """Return what those get who are known and may not do this."""
    if role:
        return _no_role()
    return _no_session() if token_only else _no_scope(scopes or ("classify",))


def refuse_keys(who: Caller) -> None:
    """Refuse what only somebody who is signed in may do.

    Raises:
        Forbidden: the caller is an API key.
    """
    if who.session_id is None:
        raise _no_session()


def identify(kinds: tuple[tokens.Kind, ...], token: str | None = None) -> Caller:
    """Return the caller by this token, or by the request's headers.

    Raises:
        NotSignedIn: nothing was sent, or it is not good; the code says which.
    """
    if token is not None:
        return _by_session(tokens.read(token, kinds))
    key = request.headers.get("X-API-Key")
    if key and not _repeats_bearer(key):
        return _by_key(key)
    token = _bearer(request.headers.getlist("Authorization"))
    if token.startswith(KEY_PREFIX):
        return _by_key(token)
    return _by_session(tokens.read(token, kinds))


def _repeats_bearer(key: str) -> bool:
    """Return whether the Authorization header has it too, as generated clients may send it."""
    scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
    return scheme.lower() == "bearer" and token.strip() == key.strip()


def _nobody() -> NotSignedIn:
    return NotSignedIn(
        "Authentication is required: send an access token or an API key.", "not_signed_in"
    )


def _bearer(headers: list[str]) -> str:
    if not headers or not headers[0].strip():
        raise _nobody()
    scheme, _, token = headers[0].strip().partition(" ")
    token = token.strip()
    if len(headers) > 1 or scheme.lower() != "bearer" or not token or set(token) & set(" ,"):
        raise NotSignedIn("The Authorization header must be: Bearer <token>.", "token_invalid")
    return token


def _by_session(claims: tokens.Claims) -> Caller:
    query = select(User.roles).join(Session, Session.user_id == User.id)
    query = query.where(Session.id == claims.session_id, User.id == claims.user_id, User.active)
    roles = db.session.execute(query.where(Session.expires_at > now())).scalar_one_or_none()
    if roles is None:
        raise _ended()
    scopes = frozenset(tokens.SCOPES)
    return Caller(claims.user_id, roles, scopes, claims.session_id, claims.generation)


def key_hash(key: str) -> str:
    """What is kept of an API key; it has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()


def _by_key(key: str) -> Caller:
    query = select(ApiKey, User.roles).join(User, User.id == ApiKey.user_id)
    found = db.session.execute(query.where(ApiKey.key_hash == key_hash(key), User.active)).first()
    if found is None:
        raise NotSignedIn("This API key is invalid.", "api_key_invalid")
    row, roles = found
    if row.expires_at and row.expires_at <= now():
        raise NotSignedIn("This API key has expired.", "api_key_expired")
    _touch(row)
    return Caller(row.user_id, roles, frozenset(row.scopes), key_id=row.id)


def _touch(row: ApiKey) -> None:
    # Not on every request: a write each time would cost more than the answer is worth.
    if row.last_used_at is None or row.last_used_at < now() - TOUCH_EVERY:
        db.session.execute(update(ApiKey).where(ApiKey.id == row.id).values(last_used_at=now()))
        db.session.commit()
