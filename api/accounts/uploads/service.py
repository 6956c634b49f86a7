"""Makes uploads, signs where to put them, takes them in, and removes them."""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from flask import current_app
from sqlalchemy import Delete, delete, func, select

from api.db.database import refuse_if_full
from api.errors import Conflict, Forbidden
from api.extensions import db
from api.http import uploaded
from api.http.auth import Caller, hold
from api.http.deletions import delete_files
from api.http.history import storage
from api.models import Upload, User, new_id, now

MOST = 100
AT_ONCE = 500


def create(
    who: Caller, here: str, media_type: str | None = None, size: int | None = None
) -> tuple[Upload, str]:
    """A new upload of the caller's and where to put its file, `here` being our own /uploads.

    Raises:
        TooLarge: more bytes are announced than are taken.
        Conflict: the caller has too many already.
        NotReady: the store's address cannot be signed, or the disk is full.
        NotSignedIn: the caller is gone.
    """
    refuse_if_full()
    if size is not None and size > uploaded.limit():
        raise uploaded.too_large(size)
    upload_id, life = new_id(), timedelta(minutes=current_app.config["SETTINGS"].upload_minutes)
    row = Upload(id=upload_id, user_id=who.user_id, media_type=media_type, size=size)
    row.file, row.expires_at = f"{who.user_id}/{upload_id}-upload", now() + life
    url = _url(row, here)
    hold(who)
    _refuse_too_many(who.user_id)
    db.session.add(row)
    db.session.commit()
    return row, url


def _refuse_too_many(user_id: UUID) -> None:
    mine = select(func.count()).where(Upload.user_id == user_id, Upload.expires_at > now())
    if (db.session.scalar(mine) or 0) >= MOST:
        db.session.rollback()
        raise Conflict(
            "You have %(limit)s uploads that have not expired; delete some of them.",
            "too_many_uploads",
            limit=MOST,
        )


def _url(row: Upload, here: str) -> str:
    seconds = round((row.expires_at - now()).total_seconds())
    theirs = storage().signed_put_url(row.file, seconds, row.media_type, row.size)
    if theirs is not None:
        return theirs
    expires = str(int(row.expires_at.timestamp()))
    query = f"expires={expires}&signature={_signature(row.id, expires)}"
    return f"{here}/{row.id}/content?{query}"


def wrongly_signed() -> Forbidden:
    """Return the refusal of a URL that this server did not sign."""
    return Forbidden("The signature of this URL is invalid.", "signature_invalid")


def signed(upload_id: UUID, expires: str, signature: str) -> Upload:
    """The upload that a signed address names.

    Raises:
        Forbidden: we did not sign it, or it has expired.
        NotFound: the upload is gone, or its owner is disabled.
    """
    wanted = _signature(upload_id, expires)
    if not hmac.compare_digest(signature.encode(errors="replace"), wanted.encode()):
        raise wrongly_signed()
    row = _row(upload_id)
    if row is None:
        raise uploaded.missing()
    if min(int(expires), row.expires_at.timestamp()) <= now().timestamp():
        raise Forbidden("This URL has expired.", "upload_expired")
    return row


def store(row: Upload, chunks: Iterable[bytes]) -> None:
    """Put the file in its place, once it is there whole.

    Raises:
        NotReady: it cannot be stored.
        NotFound: it was deleted or its owner disabled meanwhile; then nothing is stored.
        Exception: whatever the chunks raise.
    """
    refuse_if_full()
    db.session.close()  # the client may be slow
    storage().put_stream(row.file, chunks)
    if _row(row.id) is None:
        delete_files(row.file)
        raise uploaded.missing()


def remove(who: Caller, upload_id: UUID) -> None:
    """Delete an upload and its file.

    Raises:
        NotFound: the caller has none of that id.
    """
    if not _remove(delete(Upload).where(Upload.user_id == who.user_id, Upload.id == upload_id)):
        raise uploaded.missing()


def prune() -> int:
    """Delete what has expired; how many uploads that were."""
    total, limit = 0, now()
    while True:
        old = select(Upload.id).where(Upload.expires_at <= limit).limit(AT_ONCE)
        gone = _remove(delete(Upload).where(Upload.id.in_(old)))
        total += gone
        if gone < AT_ONCE:
            return total


def _remove(chosen: Delete) -> int:
    # Rows first, as of the history.
    names = db.session.scalars(chosen.returning(Upload.file)).all()
    db.session.commit()
    delete_files(*names)
    return len(names)


def _row(upload_id: UUID) -> Upload | None:
    """Return the upload, unless its owner is disabled: their access has ended."""
    query = select(Upload).join(User, User.id == Upload.user_id)
    return db.session.scalar(query.where(Upload.id == upload_id, User.active))


def _signature(upload_id: UUID, expires: str) -> str:
    secret = current_app.config["JWT_SECRET_KEY"].encode()
    # A key of its own: what is signed here must never pass for a token.
    key = hmac.digest(secret, b"where to put an upload", hashlib.sha256)
    return hmac.new(key, f"{upload_id} {expires}".encode(errors="replace"), "sha256").hexdigest()
