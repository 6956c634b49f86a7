"""First answers that can be given again: small ones are sealed, files are read from the history."""

import base64
import hashlib
import json
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from cryptography.fernet import Fernet
from flask import Response, request
from flask_restx.representations import output_json
from flask_restx.utils import unpack
from sqlalchemy import select
from werkzeug.wsgi import wrap_file

from api.errors import Conflict
from api.extensions import db
from api.http.history import storage, stores_files
from api.http.streaming import Located
from api.models import HistoryEntry

# A larger answer that the history does not keep is not kept for a repeated request either.
MOST_BYTES = 10_000_000
KEPT_HEADERS = {
    "Content-Type",
    "Content-Location",
    "Content-Disposition",
    "Content-Language",
    "Language-Confidence",
    "Location",
    "Vary",
    "Preference-Applied",
    "Retry-After",
}


@dataclass(frozen=True)
class Answer:
    """An answer that can be given again.

    Either `body` has its bytes as base64, since some are sound or pages, or `entry` is the id of
    the history entry whose output file they are.
    """

    status: int
    headers: dict[str, str]
    body: str | None
    entry: str | None = None

    @classmethod
    def of(cls, returned: Any) -> "Answer":
        """Build it from what a view returned; one that streams is waited for."""
        response = returned if isinstance(returned, Response) else _json(returned)
        kept = {k: v for k, v in response.headers.items() if k in KEPT_HEADERS}
        body = entry = None
        if isinstance(response, Located) and stores_files():
            entry = str(response.entry_id)
            deque(response.iter_encoded(), maxlen=0)  # the entry is written at its end
        else:
            body = base64.b64encode(response.get_data()).decode()
        response.close()
        return cls(response.status_code, kept, body, entry)

    @property
    def is_small(self) -> bool:
        """Whether it can be kept: a reference to a file, or not too many bytes."""
        return len(self.body or "") * 3 // 4 <= MOST_BYTES

    def response(self) -> Response:
        """Return the same answer once more.

        Raises:
            Conflict: its file was deleted meanwhile.
        """
        if self.entry is None:
            return Response(base64.b64decode(self.body or ""), self.status, self.headers)
        name = db.session.scalar(
            select(HistoryEntry.output).where(HistoryEntry.id == UUID(self.entry))
        )
        try:
            if not name:
                raise FileNotFoundError
            size, stream = storage().size(name), storage().open(name)
        except FileNotFoundError:
            raise Conflict(
                "The answer to the first request with this Idempotency-Key was deleted from the "
                "history. To do the work again, use another key.",
                "answer_deleted",
            ) from None
        body = wrap_file(request.environ, stream)
        answer = Response(body, self.status, self.headers, direct_passthrough=True)
        answer.content_length = size
        return answer

    def seal(self, scope: str) -> bytes:
        """Encrypt it so that only who knows the scope can read it."""
        return _fernet(scope).encrypt(json.dumps(asdict(self)).encode())

    @classmethod
    def unseal(cls, sealed: bytes, scope: str) -> "Answer":
        """Decrypt what `seal` made."""
        return cls(**json.loads(_fernet(scope).decrypt(sealed)))


def _json(returned: Any) -> Response:
    response: Response = output_json(*unpack(returned))
    response.mimetype = "application/json"
    return response


def _fernet(scope: str) -> Fernet:
    # Some answers hold a secret that is shown once (an API key). They are kept readable only to
    # who knows the Idempotency-Key, of which the table has but a hash.
    derived = hashlib.sha256(b"idempotent answer " + scope.encode(errors="replace")).digest()
    return Fernet(base64.urlsafe_b64encode(derived))
