"""The states of a job. Each step is one conditional UPDATE, so that of two only one succeeds.

queued -> running -> succeeded | failed | cancelled, and back to queued when an attempt was lost
or is worth another. Functions end with a commit, all but `succeed` and `cancel_all`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Delete, Select, Update, case, delete, null, select, update

from api.extensions import db
from api.models import UNFINISHED, Job, now

BEAT_EVERY = timedelta(seconds=2)
# A worker that was silent for so long is thought dead, and its jobs go to others.
DEAD_AFTER = timedelta(seconds=12)
# What a job may survive: faults that may pass, and workers that die with it in their hands.
MOST_TRIES = 5
MOST_LOSSES = 8
BACK_OFF = (1, 4, 15, 60)
# A queued job that is due for so long may be one that no worker has heard of.
UNHEARD_AFTER = timedelta(seconds=3)
AT_ONCE = 1000


@dataclass(frozen=True)
class Claim:
    """The right of one worker to one attempt at a job."""

    id: UUID
    attempt: int
    user_id: UUID
    service: str
    view: str
    request: dict[str, Any]


@dataclass(frozen=True)
class Lost:
    """A job whose worker has died, and what has become of it: queued again, or failed."""

    id: UUID
    service: str
    status: str
    request: dict[str, Any]


def claim(services: Collection[str], job_id: UUID | None = None) -> Claim | None:
    """The job that waits longest for one of the services, or this one; None: there is none."""
    waiting = select(Job.id).where(
        Job.status == "queued", Job.run_at <= now(), Job.service.in_(services)
    )
    if job_id is not None:
        waiting = waiting.where(Job.id == job_id)
    if not _is_any(waiting):
        return None
    first = waiting.order_by(Job.run_at).limit(1).with_for_update(skip_locked=True)
    take = (
        update(Job)
        .where(Job.id == first.scalar_subquery(), Job.status == "queued")
        .values(status="running", attempt=Job.attempt + 1, heartbeat_at=now(), progress=0.0)
        .returning(Job.id, Job.attempt, Job.user_id, Job.service, Job.view, Job.request)
    )
    row = db.session.execute(take).first()
    db.session.commit()
    return Claim(*row) if row else None


def beat(held: Claim, progress: float) -> bool:
    """Tell that the attempt goes on, and how far it is; False: it is no longer wanted."""
    return _step(held, heartbeat_at=now(), progress=progress)


def succeed(held: Claim) -> bool:
    """End the job well, in the caller's transaction; False: the attempt is no longer wanted."""
    done = _of(held).values(status="succeeded", progress=1.0, **_end())
    return db.session.execute(done.returning(Job.id)).first() is not None


def fail(held: Claim, problem: dict[str, Any]) -> bool:
    """End the job with a problem object; False: the attempt is no longer wanted."""
    return _step(held, status="failed", error=problem, **_end())


def retry(held: Claim) -> bool:
    """Let the job be tried again a little later; False: it was tried often enough."""
    if held.attempt >= MOST_TRIES:
        return False
    later = now() + timedelta(seconds=BACK_OFF[held.attempt - 1])
    _step(held, status="queued", run_at=later)
    return True


def give_back(held: Claim) -> None:
    """Let another worker do the job now, because this one has to end."""
    _step(held, status="queued", run_at=now())


def cancel(user_id: UUID, job_id: UUID) -> dict[str, Any] | None:
    """End a job and return its request; None: the user has no such unfinished job."""
    mine = update(Job).where(Job.id == job_id, Job.user_id == user_id, Job.status.in_(UNFINISHED))
    cancelled = mine.values(status="cancelled", **_end()).returning(Job.request)
    request: dict[str, Any] | None = db.session.scalar(cancelled)
    db.session.commit()
    return request


def cancel_all(user_id: UUID) -> list[str]:
    """End all jobs of a user in the caller's transaction and return the names of their files.

    Nobody is told of them any more, nor of those that ended before.
    """
    theirs = update(Job).where(Job.user_id == user_id)
    ended = theirs.where(Job.status.in_(UNFINISHED)).values(status="cancelled", **_end())
    requests = db.session.scalars(ended.returning(Job.request)).all()
    db.session.execute(theirs.where(Job.notify_at.is_not(None)).values(notify_at=None))
    return [name for request in requests for name in request["files"]]


def withdraw(job_id: UUID) -> bool:
    """Delete a job that no worker has begun; False: one has, or the job is gone."""
    unseen = delete(Job).where(Job.id == job_id, Job.status == "queued", Job.attempt == 0)
    return _done(unseen)


def return_lost(problem: dict[str, Any]) -> list[Lost]:
    """Queue the jobs of dead workers again; which ones they were.

    One that has outlived so many workers that it may well be what kills them fails.
    """
    often = Job.attempt >= MOST_LOSSES
    lost = (Job.status == "running") & (Job.heartbeat_at < now() - DEAD_AFTER)
    if not _is_any(select(Job.id).where(lost)):
        return []
    change = (
        update(Job)
        .where(lost)
        .values(
            status=case((often, "failed"), else_="queued"),
            error=case((often, db.literal(problem, Job.error.type)), else_=null()),
            finished_at=case((often, now()), else_=None),
            notify_at=case((often & Job.callback_url.is_not(None), now()), else_=None),
            run_at=now(),
        )
    )
    columns = (Job.id, Job.service, Job.status, Job.request)
    rows = db.session.execute(change.returning(*columns)).all()
    db.session.commit()
    return [Lost(*row) for row in rows]


def waiting() -> list[tuple[UUID, str]]:
    """The ids and services of jobs that could be running for a while and are not."""
    due = select(Job.id, Job.service).where(
        Job.status == "queued", Job.run_at < now() - UNHEARD_AFTER
    )
    rows = db.session.execute(due.order_by(Job.run_at).limit(AT_ONCE)).all()
    db.session.rollback()
    return [(row.id, row.service) for row in rows]


def next_callback(delays: Sequence[int]) -> Job | None:
    """A job whose client has to be told now; the next try is set for the case that this fails."""
    due = select(Job).where(Job.notify_at <= now()).order_by(Job.notify_at).limit(1)
    row: Job | None = db.session.scalar(due.with_for_update(skip_locked=True))
    if row is not None:
        tried = row.notified
        row.notify_at = now() + timedelta(seconds=delays[tried]) if tried < len(delays) else None
        row.notified = tried + 1
    db.session.commit()
    return row


def called_back(job_id: UUID) -> None:
    """The client knows."""
    db.session.execute(update(Job).where(Job.id == job_id).values(notify_at=None))
    db.session.commit()


def _is_any(wanted: Select[Any]) -> bool:
    """Whether there is one: to look is cheap, while an UPDATE of nothing locks all of SQLite."""
    found = db.session.scalar(wanted.limit(1))
    db.session.rollback()
    return found is not None


def _of(held: Claim) -> Update:
    return update(Job).where(
        Job.id == held.id, Job.attempt == held.attempt, Job.status == "running"
    )


def _end() -> dict[str, Any]:
    at = now()
    return {
        "finished_at": at,
        "notify_at": case((Job.callback_url.is_not(None), at), else_=None),
    }


def _step(held: Claim, **values: Any) -> bool:
    return _done(_of(held).values(**values))


def _done(change: Update | Delete) -> bool:
    row = db.session.execute(change.returning(Job.id)).first()
    db.session.commit()
    return row is not None
