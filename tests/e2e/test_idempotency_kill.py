"""kill -9 of a worker in the middle of a request with an Idempotency-Key."""

import contextlib
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest
from kills import kill_with_children
from napping import copy_with_nap
from servers import Server, database
from sqlalchemy import text

from api.http.idempotency import LEASE

pytestmark = pytest.mark.slow


def test_the_key_is_free_again_soon(serve: Callable[..., Server], tmp_path: Path) -> None:
    """409 with Retry-After until the lease ends; then the request is done, once."""
    nap = str(copy_with_nap(tmp_path / "copy"))
    server = serve(PYTHONPATH=nap, PERCEPT_WORKERS="1", PERCEPT_SERVICES="accounts,history,nap")
    headers = {**server.bearer("ada@example.com"), "Idempotency-Key": "k"}
    body = {"name": "x", "seconds": 4, "child": False}

    def send() -> httpx.Response:
        return server.post("/api/v1/nap", json=body, headers=headers)

    def lost() -> None:
        with contextlib.suppress(httpx.TransportError):
            send()

    first = threading.Thread(target=lost)
    first.start()
    _wait_for_claim(server)
    assert send().json()["code"] == "in_progress"
    for worker in psutil.Process(server.process.pid).children():
        kill_with_children(worker)
    first.join()
    assert _refused_until_free(send)
    answer = send()
    assert answer.status_code == 200
    assert send().json() == answer.json()
    assert len(server.get("/api/v1/history", headers=headers).json()["items"]) == 1


def _wait_for_claim(server: Server) -> None:
    deadline = time.monotonic() + 30
    while not _claims(server):
        assert time.monotonic() < deadline


def _claims(server: Server) -> int:
    with database(server) as connection:
        return connection.execute(text("SELECT count(*) FROM idempotent_answers")).scalar_one()


def _refused_until_free(send: Callable[[], httpx.Response]) -> int:
    """How often the key was refused, each time with a time to come back at."""
    refused, deadline = 0, time.monotonic() + 60
    while (answer := _again(send)).status_code == 409:
        refused += 1
        assert 1 <= int(answer.headers["Retry-After"]) <= LEASE.total_seconds()
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert answer.status_code == 200
    return refused


def _again(send: Callable[[], httpx.Response]) -> httpx.Response:
    """The answer of the worker that takes the place of the killed one."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return send()
        except httpx.TransportError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
