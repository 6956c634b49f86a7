"""Doing jobs: progress, cancelling, faults that pass, workers that have to end."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.exc import OperationalError
from stored import count, files

from api import working
from api.enginekit.stopwatch import Stopwatch
from api.errors import Overloaded, Unusable
from api.extensions import db
from api.http.inference import pools
from api.jobs import states
from api.models import HistoryEntry, Job, now
from api.services.classify import service

Send = Callable[..., Any]
Do = Callable[[], int]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Classifying reports half of it done, and goes on when told so."""
    go_on = threading.Event()
    real = service.classify

    def classify(model: Any, data: bytes, options: Any, watch: Stopwatch) -> Any:
        watch.progress(1, 2)
        assert go_on.wait(20)
        watch.progress(2, 2)
        return real(model, data, options, watch)

    monkeypatch.setattr(service, "classify", classify)
    monkeypatch.setattr(states, "BEAT_EVERY", states.timedelta(seconds=0.05))
    monkeypatch.setattr(working, "LOOK_AT_PROGRESS_S", 0.05)
    return go_on


def until(answer: Callable[[], Any]) -> Any:
    """Waits for it to be true."""
    deadline = time.monotonic() + 10
    while not (found := answer()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found


def test_progress_is_seen(send: Send, do_all: Do, job_of: Any, slow: threading.Event) -> None:
    """While it runs; the heartbeat writes it down."""
    answer = send()
    worker = threading.Thread(target=do_all)
    worker.start()
    until(lambda: job_of(answer)["progress"] == 0.5)
    assert job_of(answer)["status"] == "running"
    slow.set()
    worker.join()
    assert job_of(answer)["status"] == "succeeded"


def test_cancelled_while_it_runs(
    app: Flask, client: FlaskClient, ada: Any, send: Send, do_all: Do, job_of: Any,
    slow: threading.Event,
) -> None:  # fmt: skip
    """It is final at once; the worker stops at its next step, and nothing is stored."""
    answer = send()
    worker = threading.Thread(target=do_all)
    worker.start()
    until(lambda: job_of(answer)["progress"])
    assert client.delete(answer.headers["Location"], headers=ada["headers"]).status_code == 204
    assert job_of(answer)["status"] == "cancelled"
    slow.set()
    worker.join()
    assert job_of(answer)["status"] == "cancelled"
    assert (count(app, HistoryEntry), files(app)) == (0, [])


def test_given_to_another_while_it_ran(
    app: Flask, send: Send, do_all: Do, job_of: Any, slow: threading.Event
) -> None:
    """A worker that was thought dead wakes up: it stores nothing, the other one's result stays."""
    answer = send()
    sleeper = threading.Thread(target=do_all)
    sleeper.start()
    until(lambda: job_of(answer)["progress"])
    with app.app_context():
        old = now() - states.DEAD_AFTER * 2
        db.session.execute(update(Job).values(status="queued", run_at=old))
        db.session.commit()
    slow.set()
    assert do_all() == 1
    sleeper.join()
    assert job_of(answer)["status"] == "succeeded"
    assert count(app, HistoryEntry) == 1
    assert [name.rpartition("-")[2] for name in files(app)] == ["input"]


@pytest.mark.parametrize(
    "fault", [Overloaded("Full."), OperationalError("SELECT secret", {}, Exception("gone"))]
)
def test_what_may_pass_is_tried_again(
    app: Flask, send: Send, do_all: Do, job_of: Any, monkeypatch: pytest.MonkeyPatch,
    fault: Exception,
) -> None:  # fmt: skip
    """Later, and then it goes well."""
    real, faults = service.classify, [fault]

    def classify(*args: Any) -> Any:
        if faults:
            raise faults.pop()
        return real(*args)

    monkeypatch.setattr(service, "classify", classify)
    answer = send()
    assert do_all() == 1
    assert job_of(answer)["status"] == "queued"
    with app.app_context():
        db.session.execute(update(Job).values(run_at=now()))
        db.session.commit()
    assert do_all() == 1
    assert job_of(answer)["status"] == "succeeded"


def test_what_does_not_pass_fails_in_the_end(
    send: Send, do_all: Do, job_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what was wrong the last time."""
    monkeypatch.setattr(states, "BACK_OFF", (0, 0, 0, 0))

    def classify(*_: Any) -> Any:
        raise Overloaded("Full.")

    monkeypatch.setattr(service, "classify", classify)
    answer = send()
    assert do_all() == states.MOST_TRIES
    assert (job_of(answer)["status"], job_of(answer)["error"]["code"]) == ("failed", "overloaded")


@pytest.mark.parametrize(
    ("error", "code"), [(Unusable("Bad."), "unusable"), (KeyError("x"), "internal_error")]
)
def test_what_will_not_pass_is_not_tried_again(
    send: Send,
    do_all: Do,
    job_of: Any,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    code: str,
) -> None:
    """Bad input, and bugs."""

    def classify(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(service, "classify", classify)
    answer = send()
    assert do_all() == 1
    assert (job_of(answer)["status"], job_of(answer)["error"]["code"]) == ("failed", code)


def test_a_worker_that_has_to_end(
    app: Flask, send: Send, do_all: Do, job_of: Any, slow: threading.Event
) -> None:
    """Gives its job back at once, for another to do."""
    answer = send()
    worker = threading.Thread(target=lambda: working.work(app, claim_of(app)))
    worker.start()
    until(lambda: job_of(answer)["progress"])
    working.give_back()
    assert job_of(answer)["status"] == "queued"
    slow.set()
    worker.join()
    assert do_all() == 1
    assert job_of(answer)["status"] == "succeeded"


def claim_of(app: Flask) -> Any:
    with app.app_context():
        return states.claim(list(pools(app)))


def test_tidying_up(app: Flask, send: Send, job_of: Any) -> None:
    """Jobs of dead workers are queued again, and counted."""
    answer = send()
    assert claim_of(app)
    with app.app_context():
        db.session.execute(update(Job).values(heartbeat_at=now() - states.DEAD_AFTER * 2))
        db.session.commit()
        assert working.tidy_up() == 1
        assert working.tidy_up() == 0
    assert job_of(answer)["status"] == "queued"
    text = app.test_client().get("/metrics").text
    assert 'percept_jobs_returned_total{service="classify"}' in text
    assert 'percept_jobs{service="classify",status="queued"} 1.0' in text


def test_the_files_of_what_kills_every_worker(app: Flask, send: Send, job_of: Any) -> None:
    """Nobody will ask for them again."""
    answer = send()
    assert claim_of(app)
    with app.app_context():
        silent = {"heartbeat_at": now() - states.DEAD_AFTER * 2, "attempt": states.MOST_LOSSES}
        db.session.execute(update(Job).values(**silent))
        db.session.commit()
        assert working.tidy_up() == 1
    assert (job_of(answer)["status"], job_of(answer)["error"]["code"]) == ("failed", "worker_lost")
    assert files(app) == []
