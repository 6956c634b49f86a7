"""Jobs through Redis: what is lost there is not lost, and what is away is said to be."""

import ctypes
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from backends import RedisServer
from flask import Flask
from servers import PERCEPT, Server, environment
from stored import count, files, picture

from api import working
from api.config import Settings
from api.extensions import db
from api.jobs import states
from api.jobs.queue import queue
from api.jobs.redis_queue import RedisQueue
from api.models import Job, now

ASYNC = {"Prefer": "respond-async", "Content-Type": "image/png"}


@pytest.fixture
def with_redis(app: Flask, redis_server: RedisServer) -> RedisServer:
    """The application's queue is on Redis."""
    app.extensions["queue"] = RedisQueue(Settings(redis_url=redis_server.url))
    return redis_server


def unheard(app: Flask) -> list[Any]:
    """The jobs that no worker would hear of."""
    with app.app_context():
        jobs = [(job.id, job.service) for job in db.session.query(Job)]
        queue().missing(jobs)
        return queue().missing(jobs)


def test_announced_and_forgotten(app: Flask, with_redis: RedisServer, send: Any) -> None:
    """A job is in its service's list; after a restart of an empty Redis it is put there again."""
    answer = send()
    assert answer.status_code == 202
    assert unheard(app) == []
    with_redis.stop()
    with_redis.start()
    assert len(unheard(app)) == 1
    with app.app_context():
        assert working.tidy_up() == 0  # it could have been announced this very moment
        db.session.query(Job).update({"run_at": now() - states.UNHEARD_AFTER * 2})
        db.session.commit()
        # Once is not enough: a worker may hold it in its hands.
        assert [working.tidy_up() for _ in range(4)] == [0, 1, 0, 0]
    assert unheard(app) == []


@pytest.mark.parametrize("way", ["stop", "freeze"])
def test_redis_is_away(app: Flask, with_redis: RedisServer, send: Any, way: str) -> None:
    """Jobs are refused, and nothing is stored; who waits is served. Then all is well again."""
    getattr(with_redis, way)()
    started = time.monotonic()
    answer = send()
    assert time.monotonic() - started < 5
    assert (answer.status_code, answer.get_json()["code"]) == (503, "not_ready")
    assert answer.headers["Retry-After"]
    assert (count(app, Job), files(app)) == (0, [])
    assert send(Prefer="").status_code == 200
    with_redis.start() if way == "stop" else with_redis.thaw()
    assert send().status_code == 202


def test_lost_between_the_row_and_the_list(
    app: Flask, with_redis: RedisServer, send: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job is taken back: its client is told to come again, and would have two."""
    monkeypatch.setattr(RedisQueue, "check", lambda _: with_redis.stop())
    assert send().status_code == 503
    assert (count(app, Job), files(app)) == (0, [])


@pytest.fixture
def worker(tmp_path: Path, redis_server: RedisServer) -> Iterator[Callable[..., Any]]:
    """Starts `percept worker` beside a server."""
    running = []

    def start(server: Server, **settings: str) -> None:
        env = environment(server.folder, REDIS_URL=redis_server.url, **settings)
        with (tmp_path / "worker.log").open("ab") as log:
            running.append(
                subprocess.Popen([PERCEPT, "worker"], env=env, stdout=log, stderr=log, cwd=tmp_path)
            )

    yield start
    for process in running:
        # The system may give a signal to any thread of a process; here it is not the main thread.
        another = psutil.Process(process.pid).threads()[-1].id
        ctypes.CDLL(None).tgkill(process.pid, another, signal.SIGTERM)
    assert [process.wait(40) for process in running] == [0] * len(running)


@pytest.mark.slow
def test_a_worker_while_redis_comes_and_goes(
    serve: Callable[..., Server], redis_server: RedisServer, worker: Callable[..., Any]
) -> None:
    """It does what was queued before and after, and ends soon after SIGTERM.

    The server does no jobs.
    """
    settings = {"PERCEPT_SERVICES": "accounts,history,jobs,classify", "PERCEPT_RATE_LIMITS": "off"}
    server = serve(REDIS_URL=redis_server.url, **settings)
    bearer = server.bearer("ada@example.com")

    def sent() -> str:
        answer = server.post("/api/v1/classify", content=picture(), headers={**bearer, **ASYNC})
        assert answer.status_code == 202, answer.text
        return answer.headers["Location"]

    def wait_for(places: list[str]) -> None:
        deadline = time.monotonic() + 30
        while {server.get(p, headers=bearer).json()["status"] for p in places} != {"succeeded"}:
            assert time.monotonic() < deadline
            time.sleep(0.1)

    waiting = [sent() for _ in range(3)]
    redis_server.stop()
    redis_server.start()  # it is empty now
    worker(server, **settings)
    wait_for(waiting)
    redis_server.stop()
    time.sleep(3)
    assert server.get(waiting[0], headers=bearer).status_code == 200
    redis_server.start()
    wait_for([sent() for _ in range(3)])


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({}, "REDIS_URL: percept worker needs it"),
        (
            {"REDIS_URL": "redis://127.0.0.1:9/0", "PERCEPT_QUEUE": "local"},
            "PERCEPT_QUEUE: percept worker needs rq or auto, not local",
        ),
    ],
)
def test_a_worker_needs_redis(tmp_path: Path, settings: dict[str, str], why: str) -> None:
    """Otherwise it ends in one line."""
    env = environment(tmp_path, **settings)
    command = [PERCEPT, "worker"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, f"percept: {why}\n")
