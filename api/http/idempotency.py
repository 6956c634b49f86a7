"""Idempotency-Key: the same request twice is done once and answered twice alike."""

import functools
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Response, g, request
from flask_restx import Namespace
from sqlalchemy import Delete, Update, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from api.errors import InProgress, Unusable, invalid
from api.extensions import db
from api.http.refusals import refusal
from api.http.replay import Answer
from api.models import IdempotentAnswer, new_id, now
from api.storage import File

KEPT = timedelta(hours=24)
# A claim is renewed every two seconds (api/housekeeping.py). One that was not renewed for so
# long is that of a process that died, and the key may be used again.
LEASE = timedelta(seconds=12)
# The same for claims of versions before 0.1.0, which did not renew them.
GIVEN_UP = timedelta(minutes=10)
LONGEST_KEY = 255


@dataclass(frozen=True)
class Claim:
    """A key that this process works on; its id tells it from later claims of the same key."""

    key_hash: str
    id: UUID = field(default_factory=new_id)

    @property
    def _mine(self) -> Any:
        table = IdempotentAnswer
        return (table.key_hash == self.key_hash) & (table.claim == self.id)

    def settle(self, answer: Answer, scope: str) -> None:
        """Keep the answer for repeated requests, or let go of the key if it is too large."""
        if not answer.is_small:
            self.release()
            return
        values = {"status": answer.status, "sealed_answer": answer.seal(scope)}
        self._write(update(IdempotentAnswer).where(self._mine).values(**values))

    def release(self) -> None:
        """Let the key be used again."""
        db.session.rollback()
        self._write(delete(IdempotentAnswer).where(self._mine))

    @staticmethod
    def _write(change: Update | Delete) -> None:
        db.session.execute(change)
        db.session.commit()


_held: set[UUID] = set()


def renew() -> None:
    """Say that the requests of this process with a key are still running."""
    if held := list(_held):
        mine = update(IdempotentAnswer).where(IdempotentAnswer.claim.in_(held))
        db.session.execute(mine.values(renewed_at=now()))
        db.session.commit()


def idempotent(ns: Namespace) -> Callable[[Callable[..., Any]], Any]:
    """Honour the Idempotency-Key header of a route that stores something, and document it."""

    def decorate(view: Callable[..., Any]) -> Any:
        @functools.wraps(view)
        def once(*args: Any, **kwargs: Any) -> Any:
            key = request.headers.get("Idempotency-Key", "").strip('" ')
            if not key:
                return view(*args, **kwargs)
            if len(key) > LONGEST_KEY:
                raise invalid("Idempotency-Key", "This value is invalid.")
            return _once(key, fingerprint(kwargs), lambda: view(*args, **kwargs))

        header = {
            "in": "header",
            "description": "Unique value that makes it safe to repeat this request for 24 hours.",
        }
        documented = ns.doc(params={"Idempotency-Key": header})(once)
        return refusal(
            ns, 409, "The first request with this Idempotency-Key is running", _running()
        )(documented)

    return decorate


def _running() -> InProgress:
    return InProgress("The first request with this Idempotency-Key is still running.")


def fingerprint(given: dict[str, Any]) -> str:
    """Hash what a view is handed: body, options, files and such, however they were sent."""
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
    claim = Claim(hashlib.sha256(scope.encode(errors="replace")).hexdigest())
    _held.add(claim.id)
    try:
        if not _claimed(claim, body_hash):
            return _first_answer(claim.key_hash, body_hash, scope)
        return _done(claim, scope, view)
    finally:
        _held.discard(claim.id)


def _done(claim: Claim, scope: str, view: Callable[[], Any]) -> Response:
    try:
        answer = Answer.of(view())
    except BaseException:
        claim.release()  # nothing was stored, so the key may be tried again
        raise
    claim.settle(answer, scope)
    return answer.response()


def _claimed(claim: Claim, body_hash: str) -> bool:
    """Whether this request is the first with the key; the primary key decides races."""
    table = IdempotentAnswer
    silent = or_(
        table.renewed_at < now() - LEASE,
        table.renewed_at.is_(None) & (table.created_at < now() - GIVEN_UP),
    )
    db.session.execute(
        delete(table).where(or_(table.created_at < now() - KEPT, table.status.is_(None) & silent))
    )
    row = insert(table).values(
        key_hash=claim.key_hash, body_hash=body_hash, claim=claim.id, renewed_at=now()
    )
    try:
        db.session.execute(row)
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        return False
    return True


def _first_answer(key_hash: str, body_hash: str, scope: str) -> Response:
    row = db.session.scalar(select(IdempotentAnswer).where(IdempotentAnswer.key_hash == key_hash))
    if row is not None and row.body_hash != body_hash:
        raise Unusable(
            "This Idempotency-Key was already used with another body.", "idempotency_key_reused"
        )
    if row is None or row.status is None or row.sealed_answer is None:
        raise _running()
    return Answer.unseal(row.sealed_answer, scope).response()
