"""New passwords: chosen by their owner, given by an administrator, or set on the command line."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import current_app
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy import delete, func, select, update

from api.accounts import passwords
from api.errors import Forbidden, NotFound, invalid
from api.extensions import db
from api.models import ApiKey, Session, User, now

TEMPORARY_LIFE = timedelta(days=3)  # an administrator is asked on Friday, and answered on Monday
TOKEN_SECONDS = 900
# No characters that look like others, since it may be read out: 79 bits.
ALPHABET, LENGTH = "abcdefghjkmnpqrstuvwxyz23456789", 16


@dataclass(frozen=True)
class Change:
    """What a new password has ended, and how many API keys still work."""

    ended_sessions: int
    api_keys: int


def replace(
    user_id: UUID,
    password: str,
    *,
    instead_of: str | None = None,
    until: datetime | None = None,
    keep: UUID | None = None,
    end_api_keys: bool = False,
) -> Change | None:
    """Set a password and end all sessions but the one to `keep`.

    Returns None if there is no such user, or the password is not the one with the hash
    `instead_of` any more.
    """
    values = {"password_hash": passwords.hashed(password), "temporary_until": until}
    change = update(User).where(User.id == user_id).values(**values)
    if instead_of is not None:
        change = change.where(User.password_hash == instead_of)
    if not db.session.execute(change.returning(User.id)).all():
        db.session.rollback()
        return None
    others = delete(Session).where(Session.user_id == user_id)
    if keep is not None:
        others = others.where(Session.id != keep)
    ended = len(db.session.execute(others.returning(Session.id)).all())
    if end_api_keys:
        db.session.execute(delete(ApiKey).where(ApiKey.user_id == user_id))
    left = db.session.scalar(select(func.count()).where(ApiKey.user_id == user_id)) or 0
    db.session.commit()
    return Change(ended, left)


def give_temporary(user_id: UUID, end_api_keys: bool = False) -> tuple[str, datetime, Change]:
    """Replace a password by one that only serves to choose another, for some days.

    Raises:
        NotFound: there is no such user.
    """
    word = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    password = "-".join(word[i : i + 4] for i in range(0, LENGTH, 4))
    until = now() + TEMPORARY_LIFE
    change = replace(user_id, password, until=until, end_api_keys=end_api_keys)
    if change is None:
        raise NotFound("There is no such user.")
    return password, until, change


def required(user_id: UUID, stored: str, until: datetime) -> Forbidden:
    """Return what refuses somebody who signs in with a temporary password."""
    if until <= now():
        return Forbidden(
            "This temporary password has expired. Please ask an administrator for another one.",
            "temporary_password_expired",
        )
    refusal = Forbidden(
        "This password is temporary. Set a new one: send this reset_token and a "
        "new_password to /auth/password/reset, then sign in with the new password.",
        "password_change_required",
    )
    refusal.members["reset_token"] = _signer().dumps([str(user_id), _mark(stored)])
    return refusal


def choose(token: str, new: str) -> None:
    """Set the password of whoever holds the token, which serves once, and end all sessions.

    Raises:
        Forbidden: the token is not valid, or not any more.
        Invalid: the password will not do.
    """
    user = _holder(token)
    passwords.check(new, user.email, "new_password")
    with passwords.turn():
        same = passwords.verified(user.password_hash, new)
    if same:
        raise invalid("new_password", "Must be different from the temporary password.")
    if replace(user.id, new, instead_of=user.password_hash) is None:
        raise invalid_token()


def _holder(token: str) -> User:
    try:
        user_id, mark = _signer().loads(token, max_age=TOKEN_SECONDS)
    except BadData:
        raise invalid_token() from None
    user = db.session.scalar(select(User).where(User.id == UUID(user_id), User.active))
    db.session.close()  # hashing takes long, and a connection is not needed for it
    if user is None or mark != _mark(user.password_hash):
        raise invalid_token()
    return user


def invalid_token() -> Forbidden:
    """Return the refusal of a token that sets no password."""
    return Forbidden(
        "This reset token is invalid, was already used, or has expired.", "reset_token_invalid"
    )


def _signer() -> Any:
    secret = current_app.config["JWT_SECRET_KEY"]
    # The salt makes a key of its own: what is signed here never passes for an access token.
    digest = {"digest_method": hashlib.sha256}
    return URLSafeTimedSerializer(secret, salt="password reset", signer_kwargs=digest)


def _mark(stored: str) -> str:
    """Return what ties a token to one password: once that is changed, the token is spent."""
    return hashlib.sha256(stored.encode()).hexdigest()[:32]
