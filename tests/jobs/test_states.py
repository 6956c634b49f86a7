"""The states of a job: what may follow what, and that of two only one succeeds."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update

from api.extensions import db
from api.jobs import states
from api.jobs.states import Claim, Lost
from api.models import Job, User, now

PROBLEM = {"code": "worker_lost"}
Make = Callable[..., UUID]


@pytest.fixture
def context(app: Flask) -> Iterator[None]:
    """All within one application context."""
    with app.app_context():
        yield


@pytest.fixture
def make(context: None) -> Make:
    """Makes a job of Ada's."""
    ada = User(email="ada@x.io", email_key="ada@x.io", password_hash="x")
    db.session.add(ada)
    db.session.commit()

    def add(**columns: Any) -> UUID:
        job = Job(**{"user_id": ada.id, "service": "ocr", "view": "v", "request": {}, **columns})
        db.session.add(job)
        db.session.commit()
        return job.id

    return add


def read(job_id: UUID) -> Job:
    db.session.expire_all()
    job = db.session.get(Job, job_id)
    assert job is not None
    return job


def claimed(job_id: UUID) -> Claim:
    found = states.claim(["ocr"], job_id)
    assert found is not None
    return found


def silent(job_id: UUID, attempt: int = 1) -> None:
    """Its worker has not been heard of for long."""
    then = now() - states.DEAD_AFTER - timedelta(seconds=1)
    change = update(Job).where(Job.id == job_id).values(heartbeat_at=then, attempt=attempt)
    db.session.execute(change)
    db.session.commit()


def test_a_claim(make: Make) -> None:
    """The one that waits longest; nobody else gets it."""
    late, early = make(), make(run_at=now() - timedelta(seconds=9))
    assert [claim.id for _ in "12" if (claim := states.claim(["ocr", "stt"]))] == [early, late]
    assert states.claim(["ocr"]) is None
    assert (read(late).status, read(late).attempt) == ("running", 1)


def test_what_cannot_be_claimed(make: Make) -> None:
    """Jobs of other services, those of later, and those that have ended."""
    make(service="stt")
    make(run_at=now() + timedelta(seconds=60))
    for status in ("running", "succeeded", "failed", "cancelled"):
        make(status=status)
    assert states.claim(["ocr"]) is None


def test_many_claim_at_once(app: Flask, make: Make) -> None:
    """Each job goes to one of them."""
    wanted = {make() for _ in range(12)}

    def take(_: int) -> UUID | None:
        with app.app_context():
            found = states.claim(["ocr"])
            return found.id if found else None

    with ThreadPoolExecutor(6) as workers:
        got = list(workers.map(take, range(18)))
    assert sorted(filter(None, got)) == sorted(wanted)


def test_only_the_newest_attempt_counts(make: Make) -> None:
    """A worker that was thought dead can change nothing any more."""
    job_id = make()
    old = claimed(job_id)
    silent(job_id)
    states.return_lost(PROBLEM)
    new = claimed(job_id)
    assert new.attempt == 2
    assert not states.beat(old, 0.9)
    assert not states.fail(old, PROBLEM)
    assert not states.succeed(old)
    states.give_back(old)
    assert states.beat(new, 0.5)
    assert (read(job_id).status, read(job_id).progress) == ("running", 0.5)


def test_faults_are_tried_again_later_and_later(make: Make) -> None:
    """Five times in all; the waits grow."""
    job_id, waits = make(), []
    for _ in range(states.MOST_TRIES - 1):
        assert states.retry(claimed(job_id))
        waits.append((read(job_id).run_at - now()).total_seconds())
        assert states.claim(["ocr"]) is None  # not yet
        db.session.execute(update(Job).values(run_at=now()))
        db.session.commit()
    assert [round(wait) for wait in waits] == list(states.BACK_OFF)
    assert not states.retry(claimed(job_id))


def test_silence(make: Make) -> None:
    """A worker that is silent for too long loses its job to others; one that beats does not."""
    lost, alive = make(), make()
    for job_id in (lost, alive):
        claimed(job_id)
    silent(lost)
    assert states.return_lost(PROBLEM) == [Lost(lost, "ocr", "queued", {})]
    assert (read(lost).status, read(alive).status) == ("queued", "running")
    assert states.return_lost(PROBLEM) == []


def test_what_kills_every_worker_fails(make: Make) -> None:
    """It is not given to one more; its client hears of that."""
    job_id = make(callback_url="https://x.example/")
    claimed(job_id)
    silent(job_id, states.MOST_LOSSES)
    assert states.return_lost(PROBLEM) == [Lost(job_id, "ocr", "failed", {})]
    job = read(job_id)
    assert job.error == PROBLEM
    assert job.finished_at is not None
    assert job.notify_at is not None


@pytest.mark.parametrize("status", ["queued", "running", "succeeded", "failed", "cancelled"])
def test_cancelling(make: Make, status: str) -> None:
    """Only of what has not ended, and only by who has sent it."""
    job_id = make(status=status, callback_url="https://x.example/")
    assert states.cancel(job_id, job_id) is None
    is_first = states.cancel(read(job_id).user_id, job_id) == {}
    assert is_first is (status in ("queued", "running"))
    assert states.cancel(read(job_id).user_id, job_id) is None


def test_cancelling_while_it_ends(app: Flask, make: Make) -> None:
    """Whoever is first: there is one end, and the others hear that they were too late."""
    steps: list[Callable[[Claim], bool]] = [
        states.succeed,
        lambda claim: states.fail(claim, PROBLEM),
        lambda claim: states.cancel(claim.user_id, claim.id) is not None,
    ]

    def attempt(step: Callable[[Claim], bool], claim: Claim) -> bool:
        with app.app_context():
            done = step(claim)
            db.session.commit()
            return done

    for _ in range(40):
        claim = claimed(make())
        with ThreadPoolExecutor(3) as racers:
            assert sum(racers.map(attempt, steps, [claim] * 3)) == 1


def test_withdrawing(make: Make) -> None:
    """Only what no worker has ever begun."""
    fresh, begun, again = make(), make(), make()
    claimed(begun)
    states.give_back(claimed(again))
    assert [states.withdraw(job_id) for job_id in (fresh, begun, again)] == [True, False, False]
    assert not states.withdraw(fresh)


def test_what_others_write_is_seen(app: Flask, make: Make) -> None:
    """Reading again reads what is there, and an UPDATE that finds no row changes no object."""
    job = read(make())
    with db.engine.begin() as other:
        other.execute(update(Job).values(status="succeeded"))
    missed = update(Job).where(Job.status == "queued").values(status="cancelled")
    assert db.session.execute(missed.returning(Job.id)).all() == []
    assert job.status == "queued"
    db.session.scalar(select(Job))
    assert job.status == "succeeded"


def test_callbacks_are_due_once_each(make: Make) -> None:
    """The next try is set before this one is made; after the last delay there is none."""
    make(status="succeeded")
    job_id = make(status="succeeded", callback_url="https://x.example/", notify_at=now())
    seen = []
    for _ in range(3):
        job = states.next_callback((5, 30))
        assert job is not None
        assert job.id == job_id
        seen.append(job.notify_at and round((job.notify_at - now()).total_seconds()))
        assert states.next_callback((5, 30)) is None
        db.session.execute(update(Job).where(Job.notify_at.is_not(None)).values(notify_at=now()))
        db.session.commit()
    assert seen == [5, 30, None]


def test_what_waits_unheard(make: Make) -> None:
    """Queued jobs that have been due for a few seconds."""
    old = now() - timedelta(minutes=1)
    waiting = make(run_at=old)
    make()
    make(run_at=old, status="running")
    assert states.waiting() == [(waiting, "ocr")]
