"""Signs people in and out; keeps their sessions."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update

from api.accounts import names, new_passwords, passwords
from api.accounts.users import service as users
from api.errors import Forbidden, NotFound, NotSignedIn
from api.extensions import db
from api.http import ratelimit, tokens
from api.http.auth import Caller
from api.models import Session, User, now

# A client that lost the answer to its refresh may ask once more within this time.
GRACE = timedelta(seconds=10)
# A program that signs in each time instead of refreshing would fill the table.
MOST_SESSIONS = 100
SPRAYS = ratelimit.limit("login-client", "30/15 minutes")
REGISTRATIONS = ratelimit.limit("register", "120/hour")


@dataclass(frozen=True)
class Device:
    """Where a sign-in comes from; `client` is what the rate limits count."""

    user_agent: str
    address: str
    client: str


def wrong() -> NotSignedIn:
    """Return the refusal of somebody who cannot sign in; it does not say why."""
    return NotSignedIn("The e-mail address or the password is incorrect.", "invalid_credentials")


def login(email: str, password: str, device: Device) -> dict[str, Any]:
    """The tokens of a new session.

    Raises:
        NotSignedIn: wrong in any way, in the same words and the same time.
        Forbidden: the password is right, but temporary.
        RateLimited: too many wrong ones from this client, for this account or in all.
    """
    account = names.typed_key(email)
    columns = (User.id, User.password_hash, User.temporary_until)
    query = select(*columns).where(User.email_key == account, User.active)
    user_id, stored, until = db.session.execute(query).first() or (None, None, None)
    db.session.close()  # hashing takes long, and a connection is not needed for it
    # Only now: while the database is away nobody can guess, and nobody is to be locked out.
    ratelimit.count(users.GUESSES, account, device.client)
    with passwords.turn():  # whoever waits for it sees what those before have counted
        ratelimit.check(SPRAYS, device.client)
        kept = passwords.verified(stored, password)
        if not kept:
            ratelimit.count(SPRAYS, device.client)
    if not kept or user_id is None:
        raise wrong()
    ratelimit.forget(users.GUESSES, account, device.client)
    if until:
        raise new_passwords.required(user_id, kept, until)
    if pair := _open_session(user_id, stored, kept, device):
        return pair
    if kept != stored:  # the hash was to be renewed, and another sign-in has done it
        return login(email, password, device)
    raise wrong()


def _open_session(
    user_id: UUID, stored: str | None, kept: str, device: Device
) -> dict[str, Any] | None:
    """The tokens of a new session; none if the user was ended or changed while we hashed."""
    at = now()
    still = (User.id == user_id, User.active, User.password_hash == stored)
    login = update(User).where(*still).values(last_login_at=at, password_hash=kept)
    roles = db.session.execute(login.returning(User.roles)).scalar_one_or_none()
    if roles is None:
        db.session.rollback()
        return None
    row = Session(
        user_id=user_id,
        rotated_at=at,
        expires_at=at + tokens.REFRESH_LIFE,
        user_agent="".join(c for c in device.user_agent if c.isprintable())[:255],
        address=device.address[:45],
    )
    mine = Session.user_id == user_id
    newest = select(Session.id).where(mine, Session.expires_at > at)
    newest = newest.order_by(Session.last_used_at.desc()).limit(MOST_SESSIONS - 1)
    db.session.execute(delete(Session).where(mine, Session.id.not_in(newest)))
    db.session.add(row)
    db.session.flush()
    pair = _pair(row, roles)
    db.session.commit()
    return pair


def _pair(row: Session, roles: tuple[str, ...]) -> dict[str, Any]:
    """The session's newest tokens; the same ones whenever asked within one generation."""
    about = (row.user_id, roles, row.id, row.generation, row.rotated_at)
    return {
        "access_token": tokens.issue("access", *about),
        "refresh_token": tokens.issue("refresh", *about),
        "token_type": "Bearer",
        "expires_in": int(tokens.ACCESS_LIFE.total_seconds()),
    }


def refresh(who: Caller) -> dict[str, Any]:
    """The next pair of tokens of the caller's session.

    Raises:
        NotSignedIn: the refresh token was spent before; the session ends with it.
    """
    at, mine = now(), Session.id == who.session_id
    turn = update(Session).where(mine, Session.generation == who.generation)
    db.session.execute(
        turn.values(
            generation=who.generation + 1,
            rotated_at=at,
            last_used_at=at,
            expires_at=at + tokens.REFRESH_LIFE,
        )
    )
    db.session.commit()
    row = db.session.scalar(select(Session).where(mine))
    lost_answer = row and row.generation == who.generation + 1 and row.rotated_at > at - GRACE
    if row is None or not lost_answer:
        db.session.execute(delete(Session).where(mine))
        db.session.commit()
        raise NotSignedIn("This refresh token has already been used.", "token_revoked")
    return _pair(row, who.roles)


def logout(who: Caller) -> None:
    """End the caller's session: its tokens stop working at once, in every worker."""
    db.session.execute(delete(Session).where(Session.id == who.session_id))
    db.session.commit()


def end_session(who: Caller, session_id: UUID) -> None:
    """End one of the caller's sessions.

    Raises:
        NotFound: the caller has no such session.
    """
    mine = delete(Session).where(Session.id == session_id, Session.user_id == who.user_id)
    ended = db.session.execute(mine.returning(Session.id)).all()
    db.session.commit()
    if not ended:
        raise NotFound("There is no such session.")


def end_all_sessions(who: Caller) -> None:
    """End all of the caller's sessions."""
    db.session.execute(delete(Session).where(Session.user_id == who.user_id))
    db.session.commit()


def change_password(
    who: Caller, current: str, new: str, client: str, end_api_keys: bool = False
) -> None:
    """Set a new password and end every other session, and the API keys if that is wanted.

    Raises:
        Forbidden: the current password is wrong, or no longer the current one.
        Invalid: the new one will not do.
    """
    user = users.confirm(who.user_id, current, client)
    passwords.check(new, user.email, "new_password")
    changed = new_passwords.replace(
        user.id,
        new,
        instead_of=user.password_hash,
        keep=who.session_id,
        end_api_keys=end_api_keys,
    )
    if changed is None:
        raise Forbidden("The password is incorrect.", "invalid_credentials")
