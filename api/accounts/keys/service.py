"""Makes and ends API keys."""

import secrets
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select

from api.accounts.names import clean_name
from api.errors import Conflict, Forbidden, NotFound, NotSignedIn, invalid
from api.extensions import db
from api.http.auth import KEY_PREFIX, Caller, hold, key_hash
from api.http.times import time_of
from api.models import ApiKey, now

MOST = 50
SHOWN_CHARACTERS = len(KEY_PREFIX) + 6


def create(
    who: Caller, name: str, scopes: list[str] | None = None, expires_at: str | None = None
) -> tuple[ApiKey, str]:
    """Make a key; return its row, which does not hold it, and the key.

    One that a key asks for has no more scopes than that, and ends with it.

    Raises:
        Invalid: the name or the time cannot be used.
        Forbidden: the caller lacks one of the scopes.
        Conflict: the caller has too many already.
        NotSignedIn: the caller is gone.
    """
    wanted = set(who.scopes if scopes is None else scopes)
    if not wanted <= who.scopes:
        missing = ", ".join(sorted(wanted - who.scopes))
        raise Forbidden(
            "This API key does not have the scope %(scope)s.", "scope_missing", scope=missing
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
    hold(who)
    _refuse_too_many(who.user_id)
    if who.key_id:
        _bind(row, who.key_id)
    db.session.add(row)
    db.session.commit()
    return row, key


def _refuse_too_many(user_id: UUID) -> None:
    if (db.session.scalar(select(func.count()).where(ApiKey.user_id == user_id)) or 0) >= MOST:
        db.session.rollback()
        raise too_many()


def too_many() -> Conflict:
    """Return the refusal of one more key."""
    return Conflict(
        "You have %(limit)s API keys; delete some of them.", "too_many_keys", limit=MOST
    )


def _bind(row: ApiKey, maker_id: UUID) -> None:
    """Let the key end with the one that asks for it, at the latest.

    Raises:
        NotSignedIn: that has ended since the request began.
    """
    maker = db.session.get(ApiKey, maker_id)
    if maker is None:
        db.session.rollback()
        raise NotSignedIn("This API key is invalid.", "api_key_invalid")
    row.made_by = maker_id
    row.expires_at = min(filter(None, (row.expires_at, maker.expires_at)), default=None)


def _future(text: str) -> datetime:
    time = time_of("expires_at", text)
    if time <= now():
        raise invalid("expires_at", "Must be in the future.")
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
