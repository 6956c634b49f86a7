"""Makes, finds, changes and removes users."""

from typing import Any
from uuid import UUID

from sqlalchemy import String, delete, func, select, type_coerce, update
from sqlalchemy.exc import IntegrityError

from api.accounts import new_passwords, passwords
from api.accounts.names import clean_email, clean_name, email_key, typed_key
from api.errors import Conflict, Forbidden, NotFound
from api.extensions import db
from api.http import ratelimit
from api.http.deletions import delete_files, delete_owner
from api.jobs import states
from api.models import Session, User

GUESSES = ratelimit.limit("login", "10/15 minutes")


def email_taken() -> Conflict:
    """Return the refusal of a second account with an e-mail address."""
    return Conflict("An account with this e-mail address already exists.", "email_taken")


def create(
    email: str,
    password: str,
    name: str | None = None,
    locale: str = "en",
    roles: tuple[str, ...] = ("user",),
) -> User:
    """A new user.

    Raises:
        Invalid: the address, the name or the password cannot be used.
        Conflict: the address belongs to somebody.
    """
    address, shown = clean_email(email), clean_name(name)
    passwords.check(password, address)
    taken = email_taken()
    if db.session.scalar(select(User.id).where(User.email_key == email_key(address))):
        raise taken
    row = User(
        email=address,
        email_key=email_key(address),
        name=shown,
        locale=locale,
        roles=tuple(roles),
        password_hash=passwords.hashed(password),
    )
    db.session.add(row)
    try:
        db.session.commit()
    except IntegrityError:  # somebody else was faster by a moment
        db.session.rollback()
        raise taken from None
    return row


def get(user_id: UUID) -> User:
    """The user with this id.

    Raises:
        NotFound: there is none.
    """
    row = db.session.get(User, user_id)
    if row is None:
        raise NotFound("There is no such user.")
    return row


def find(email: str) -> User:
    """Return the user with this e-mail address, in any of its spellings.

    Raises:
        NotFound: there is none.
    """
    row = db.session.scalar(select(User).where(User.email_key == typed_key(email)))
    if row is None:
        raise NotFound("There is no account with this e-mail address.")
    return row


def change(user_id: UUID, changes: dict[str, Any]) -> User:
    """Set the given fields.

    Raises:
        NotFound, Invalid: no such user, or a value cannot be used.
        Conflict: nobody would be left to administer the server.
    """
    values = dict(changes)
    if "name" in changes:
        values["name"] = clean_name(changes["name"])
    if "roles" in changes:
        values["roles"] = tuple(changes["roles"])
    admins = _lock_admins()
    if values:  # written first and read then: nobody can delete the row in between
        db.session.execute(update(User).where(User.id == user_id).values(**values))
    row = get(user_id)
    files = [] if row.active else _end_access(user_id)
    _refuse_if_deserted(admins)
    db.session.commit()
    delete_files(*files)
    return row


def _end_access(user_id: UUID) -> list[str]:
    """End the sessions and jobs of a disabled user; return the names of the jobs' files."""
    db.session.execute(delete(Session).where(Session.user_id == user_id))
    return states.cancel_all(user_id)


def remove(user_id: UUID) -> None:
    """Delete the user and everything that is theirs: rows first, then files.

    Raises:
        NotFound: there is no such user.
        Conflict: nobody would be left to administer the server.
    """
    admins = _lock_admins()
    gone = db.session.execute(delete(User).where(User.id == user_id).returning(User.id)).all()
    if not gone:
        raise NotFound("There is no such user.")
    _refuse_if_deserted(admins)
    db.session.commit()
    delete_owner(str(user_id))


def confirm(user_id: UUID, password: str, client: str) -> User:
    """The user, once it is sure that it is the owner who holds the token.

    Raises:
        Forbidden: the password is wrong, or temporary.
        RateLimited: too many wrong ones.
    """
    ratelimit.count(GUESSES, str(user_id), client)
    user = get(user_id)
    db.session.close()  # hashing takes long, and a connection is not needed for it
    with passwords.turn():
        right = passwords.verified(user.password_hash, password)
    if not right:
        raise Forbidden("The password is incorrect.", "invalid_credentials")
    if user.temporary_until:
        raise new_passwords.required(user.id, user.password_hash, user.temporary_until)
    ratelimit.forget(GUESSES, str(user_id), client)
    return user


def _is_admin() -> Any:
    return type_coerce(User.roles, String).contains("admin")


def _lock_admins() -> int:
    """How many are active; no two changes run at once (SQLite allows one writer anyway)."""
    query = select(User.active).where(_is_admin()).order_by(User.id).with_for_update()
    return sum(db.session.scalars(query))


def _refuse_if_deserted(before: int) -> None:
    # After the write, so that on SQLite too this reads what the previous writer has left.
    admins = db.session.scalar(select(func.count()).where(_is_admin(), User.active))
    if before and not admins:
        db.session.rollback()
        raise Conflict("There must be at least one active administrator.", "last_admin")
