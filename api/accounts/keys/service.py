"""Makes and ends API keys."""

import secrets
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from api.accounts.names import clean_name
from api.errors import Forbidden, NotFound, NotSignedIn, invalid
from api.extensions import db
from api.http.auth import KEY_PREFIX, Caller, key_hash
from api.http.times import time_of
from api.models import ApiKey, now

SHOWN_CHARACTERS = len(KEY_PREFIX) + 6


def create(
    who: Caller, name: str, scopes: list[str] | None = None, expires_at: str | None = None
) -> tuple[ApiKey, str]:
    """A new key and its row, which does not hold it.

    Raises:
        Invalid: the name or the time cannot be used.
        Forbidden: the caller lacks one of the scopes.
        NotSignedIn: the caller is gone.
    """
    wanted = set(who.scopes if scopes is None else scopes)
    if not wanted <= who.scopes:
        missing = ", ".join(sorted(wanted - who.scopes))
        raise Forbidden(
            "This key does not have the scope %(scope)s.", "scope_missing", scope=missing
        )
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    row = ApiKey(
        user_id=who.user_id,
        name=clean_name(name),
        prefix=key[:SHOWN_CHARACTERS],
        key_hash=key_hash(key),
        scopes=tuple(sorted(wanted)),
        expires_at=_future(expires_at) if expires_at is not None else None,
    )
    db.session.add(row)
    try:
        db.session.commit()
    except IntegrityError:  # the user was deleted while the request arrived
        db.session.rollback()
        gone = "This session has ended. Please sign in again."
        raise NotSignedIn(gone, "token_revoked") from None
    return row, key


def _future(text: str) -> datetime:
    time = time_of("expires_at", text)
    if time <= now():
        raise invalid("expires_at", "Lies in the past.")
    return time


def end(who: Caller, key_id: UUID) -> None:
    """End one of the caller's keys.

    Raises:
        NotFound: the caller has no such key.
    """
    mine = delete(ApiKey).where(ApiKey.id == key_id, ApiKey.user_id == who.user_id)
    ended = db.session.execute(mine.returning(ApiKey.id)).all()
    db.session.commit()
    if not ended:
        raise NotFound("There is no such API key.")
