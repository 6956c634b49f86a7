"""Idempotency-Key: the same request twice is done once and answered twice alike."""

import base64
import functools
import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from cryptography.fernet import Fernet
from flask import Response, g, request
from flask_restx import Namespace
from flask_restx.representations import output_json
from flask_restx.utils import unpack
from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from api.errors import Conflict, Unusable, invalid
from api.extensions import db
from api.models import IdempotentAnswer, now
from api.storage import File

KEPT = timedelta(hours=24)
# A worker that died with the key in its hands must not block it for a day.
GIVEN_UP = timedelta(minutes=10)
LONGEST_KEY = 255
KEPT_HEADERS = {
    "Content-Type",
    "Content-Location",
    "Content-Disposition",
    "Location",
    "Vary",
    "Preference-Applied",
    "Retry-After",
}


@dataclass(frozen=True)
class Answer:
    """An answer that can be given again: its bytes as base64, since some are sound or pages."""

    status: int
    headers: dict[str, str]
    body: str

    @classmethod
    def of(cls, returned: Any) -> "Answer":
        """What a view returned; one that streams is waited for."""
        response = returned if isinstance(returned, Response) else _json(returned)
        kept = {k: v for k, v in response.headers.items() if k in KEPT_HEADERS}
        answer = cls(response.status_code, kept, base64.b64encode(response.get_data()).decode())
        response.close()
        return answer

    def response(self) -> Response:
        """The same answer once more."""
        return Response(base64.b64decode(self.body), self.status, self.headers)


def _json(returned: Any) -> Response:
    response: Response = output_json(*unpack(returned))
    response.mimetype = "application/json"
    return response


def idempotent(ns: Namespace) -> Callable[[Callable[..., Any]], Any]:
    """Honours the Idempotency-Key header of a route that stores something, and documents it."""

    def decorate(view: Callable[..., Any]) -> Any:
        @functools.wraps(view)
        def once(*args: Any, **kwargs: Any) -> Any:
            key = request.headers.get("Idempotency-Key", "").strip('" ')
            if not key:
                return view(*args, **kwargs)
            if len(key) > LONGEST_KEY:
                raise invalid("Idempotency-Key", "This value cannot be used.")
            return _once(key, fingerprint(kwargs), lambda: view(*args, **kwargs))

        header = {"in": "header", "description": "Makes it safe to repeat this request for a day."}
        documented = ns.doc(params={"Idempotency-Key": header})(once)
        return ns.response(409, "Conflict")(documented)

    return decorate


def fingerprint(given: dict[str, Any]) -> str:
    """A hash of what a view is handed: body, options, files and such, however they were sent."""
    return hashlib.sha256(json.dumps(given, sort_keys=True, default=_digest).encode()).hexdigest()


def _digest(file: File | UUID) -> str:
    if isinstance(file, UUID):  # from the path
        return str(file)
    digest = hashlib.sha256()
    for piece in file.pieces():
        digest.update(piece)
    return digest.hexdigest()


def _once(key: str, body_hash: str, view: Callable[[], Any]) -> Any:
    who = g.get("caller")
    # An API key is not shown what another or a session was shown: it may be allowed less.
    by = f"{who.user_id} {who.key_id or ''}" if who else ""
    scope = f"{request.method} {request.path} {by} {key}"
    key_hash = hashlib.sha256(scope.encode(errors="replace")).hexdigest()
    if not _claim(key_hash, body_hash):
        return _first_answer(key_hash, body_hash, scope)
    try:
        answer = Answer.of(view())
    except BaseException:
        # Nothing was stored, so the key may be tried again.
        db.session.rollback()
        db.session.execute(delete(IdempotentAnswer).where(IdempotentAnswer.key_hash == key_hash))
        db.session.commit()
        raise
    sealed = _seal(scope).encrypt(json.dumps(asdict(answer)).encode())
    row = update(IdempotentAnswer).where(IdempotentAnswer.key_hash == key_hash)
    db.session.execute(row.values(status=answer.status, sealed_answer=sealed))
    db.session.commit()
    return answer.response()


def _claim(key_hash: str, body_hash: str) -> bool:
    """Whether this request is the first with the key; the primary key decides races."""
    table = IdempotentAnswer
    unfinished = table.status.is_(None) & (table.created_at < now() - GIVEN_UP)
    db.session.execute(delete(table).where(or_(table.created_at < now() - KEPT, unfinished)))
    try:
        db.session.execute(insert(table).values(key_hash=key_hash, body_hash=body_hash))
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        return False
    return True


def _first_answer(key_hash: str, body_hash: str, scope: str) -> Response:
    row = db.session.scalar(select(IdempotentAnswer).where(IdempotentAnswer.key_hash == key_hash))
    if row is not None and row.body_hash != body_hash:
        raise Unusable("This Idempotency-Key was used with another body.", "idempotency_key_reused")
    if row is None or row.status is None or row.sealed_answer is None:
        raise Conflict(
            "The first request with this Idempotency-Key is still running.", "in_progress"
        )
    return Answer(**json.loads(_seal(scope).decrypt(row.sealed_answer))).response()


def _seal(scope: str) -> Fernet:
    # Some answers hold a secret that is shown once (an API key). They are kept readable only to
    # who knows the Idempotency-Key, of which the table has but a hash.
    derived = hashlib.sha256(b"idempotent answer " + scope.encode(errors="replace")).digest()
    return Fernet(base64.urlsafe_b64encode(derived))
