"""Finds and cancels jobs; tells how they go on; forgets those that ended long ago."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, select

from api.errors import Conflict, Forbidden, NotFound
from api.extensions import db
from api.http.auth import Caller, still_allowed
from api.http.deletions import delete_files
from api.http.jobs import job_json
from api.http.refusals import busy
from api.jobs import states
from api.models import UNFINISHED, Job, now

LOOK_EVERY_S = 0.25
QUIET_S = 15.0
# Clients come again by themselves; proxies and load balancers end longer streams anyway.
LONGEST_S = 600.0
READING, WRITING = "history:read", "history:write"
_streams = threading.BoundedSemaphore(64)  # each keeps a thread


def mine(who: Caller) -> Select[Any]:
    """The caller's jobs; an API key sees those of its own services."""
    query = select(Job).where(Job.user_id == who.user_id)
    return query if READING in who.scopes else query.where(Job.service.in_(who.scopes))


def get(who: Caller, job_id: UUID) -> Job:
    """One of the caller's jobs.

    Raises:
        NotFound: the caller has none of that id.
    """
    row: Job | None = db.session.scalar(mine(who).where(Job.id == job_id))
    if row is None:
        raise NotFound("There is no such job.")
    return row


def cancel(who: Caller, job_id: UUID) -> None:
    """End a job that has not ended; to do so again does no harm.

    Raises:
        NotFound: the caller has none of that id.
        Forbidden: the caller is a key that may look, but not change anything.
        Conflict: it has ended by itself.
    """
    job = get(who, job_id)
    if who.scopes.isdisjoint({job.service, WRITING}):
        raise Forbidden(
            "This API key does not have the scope %(scope)s.", "scope_missing", scope=job.service
        )
    request = states.cancel(who.user_id, job_id)
    if request is not None:
        delete_files(*request["files"])
    elif get(who, job_id).status != "cancelled":
        raise Conflict("This job has already ended.", "job_ended")


@contextmanager
def place() -> Iterator[None]:
    """A place among those who follow jobs.

    Raises:
        Overloaded: all are taken.
    """
    if not _streams.acquire(blocking=False):
        raise busy()
    try:
        yield
    finally:
        _streams.release()


def changes(who: Caller, job_id: UUID, ending: threading.Event) -> Iterator[dict[str, Any] | None]:
    """Yield the caller's job whenever it has changed, until it ends; None while nothing happens.

    The access is looked at each time, so that it ends with the session, the key or the account.
    """
    began = told = time.monotonic()
    last: dict[str, Any] | None = None
    while time.monotonic() - began < LONGEST_S:
        row = db.session.scalar(mine(who).where(Job.id == job_id, still_allowed(who)))
        shown = job_json(row) if row else None
        db.session.close()  # a stream must not sit on a connection
        if shown is None:
            return
        if shown != last or time.monotonic() - told > QUIET_S:
            yield shown if shown != last else None
            last, told = shown, time.monotonic()
        if shown["status"] not in UNFINISHED or ending.wait(LOOK_EVERY_S):
            return


def forget(days: int) -> int:
    """Delete jobs that ended so many days ago; how many that were."""
    old = delete(Job).where(Job.finished_at < now() - timedelta(days=days))
    gone = db.session.execute(old.returning(Job.id)).all()
    db.session.commit()
    return len(gone)
