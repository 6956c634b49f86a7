"""Files that were put to /uploads ahead of the requests that name them."""

from collections.abc import Iterator
from functools import cached_property
from uuid import UUID

from flask import current_app, request
from sqlalchemy import select
from werkzeug.exceptions import BadRequest

from api.errors import Invalid, NotFound, TooLarge, Unusable, invalid
from api.extensions import db
from api.http.auth import caller
from api.http.bodies import refuse_encoded
from api.http.history import storage
from api.media import registered
from api.models import Upload, now
from api.storage import File

ANY_TYPE = "application/octet-stream"
PIECE = 256 * 1024


def _type(row: Upload) -> str:
    return registered((row.media_type or ANY_TYPE).lower())


def limit() -> int:
    """The most bytes that may be put, or be taken by one request."""
    return int(current_app.config["SETTINGS"].upload_max_mb) * 1_000_000


def missing() -> NotFound:
    """Return the refusal of an upload that the caller does not have."""
    return NotFound("There is no such upload.")


def get(user_id: UUID, upload_id: UUID) -> Upload:
    """One of the user's uploads.

    Raises:
        NotFound: they have none of that id.
    """
    query = select(Upload).where(Upload.id == upload_id, Upload.user_id == user_id)
    row: Upload | None = db.session.scalar(query)
    if row is None:
        raise missing()
    return row


def received(row: Upload) -> int | None:
    """How many bytes have been put; None while there is no file.

    Raises:
        NotReady: the store is away.
    """
    try:
        return storage().size(row.file)
    except FileNotFoundError:
        return None


class Uploaded(File):
    """A file in the storage, which comes into memory only when somebody asks for its content.

    Whoever asks has a place among those that compute, so that there are never too many.
    """

    _name: str
    _size: int

    def __init__(self, row: Upload, size: int):
        self.__dict__.update(_name=row.file, _size=size, media_type=_type(row))

    @cached_property
    def content(self) -> bytes:
        """All of it.

        Raises:
            Unusable: it has been deleted meanwhile.
            NotReady: the store is away.
        """
        try:
            return storage().read(self._name)
        except FileNotFoundError:
            raise _not_put() from None

    @property
    def size(self) -> int:
        """Its bytes."""
        return self._size

    def pieces(self) -> Iterator[bytes]:
        """The content, a part at a time. Raises as `content` does."""
        try:
            yield from storage().pieces(self._name, PIECE)
        except FileNotFoundError:
            raise _not_put() from None


def files(ids: list[str]) -> list[File]:
    """The files that the caller has put to these uploads.

    Raises:
        NotFound, Unusable: one is not there, has expired, or nothing was put to it.
        TooLarge: they are larger than the limit, all in all.
        NotReady: the store is away.
    """
    rows = [_usable(text) for text in ids]
    db.session.close()  # the store may be slow
    found = [Uploaded(row, _size(row)) for row in rows]
    if (total := sum(file.size for file in found)) > limit():
        raise too_large(total)
    return list(found)


def too_large(size: int) -> TooLarge:
    """The refusal of so many bytes."""
    return TooLarge(
        "The upload has %(size)s bytes; the limit is %(limit)s (PERCEPT_UPLOAD_MAX_MB).",
        size=size,
        limit=limit(),
    )


def _usable(text: str) -> Upload:
    try:
        upload_id = UUID(text)
    except ValueError:
        raise missing() from None
    row = get(caller().user_id, upload_id)
    if row.expires_at <= now():
        raise Unusable("This upload has expired.", "upload_expired")
    return row


def _size(row: Upload) -> int:
    if (size := received(row)) is None:
        raise _not_put()
    return size


def _not_put() -> Unusable:
    return Unusable("No file has been sent to this upload yet.", "upload_missing")


def incoming(size: int | None) -> Iterator[bytes]:
    """The body of this request in pieces, of so many bytes where that was announced.

    Raises:
        TooLarge, Invalid: it has more bytes than the limit, or other than were announced.
        BadRequest: it breaks off.
    """
    refuse_encoded()
    _compare(request.content_length, size)
    # One more than allowed, because Werkzeug cuts chunked bodies off at its limit in silence.
    request.max_content_length = limit() + 1
    count = 0
    while piece := request.stream.read(PIECE):
        count += len(piece)
        _compare(max(count, size or 0), size)
        yield piece
    if count < (request.content_length or 0):
        raise BadRequest
    _compare(count, size)


def _compare(count: int | None, size: int | None) -> None:
    if count is not None and count > limit():
        raise too_large(count)
    if count is not None and size is not None and count != size:
        raise other_size(size)


def other_size(size: int) -> Invalid:
    """Return the refusal of a file that does not have the announced bytes."""
    return invalid("size", "The file must have %(wanted)s bytes, as announced.", wanted=size)
