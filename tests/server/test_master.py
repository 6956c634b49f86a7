"""The master: what it waits for on a reload, and when it says that the server is ready."""

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.arbiter import Arbiter

from api.server.master import PatientMaster


@pytest.fixture
def master(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A master of two workers that is asked to reload; `told` is what happened, in order."""
    one = object.__new__(PatientMaster)
    one.told = []
    one.is_announced = True
    one._num_workers = 2
    one.cfg = SimpleNamespace(timeout=120)
    one.WORKERS = {age: SimpleNamespace(age=age, serves=age <= 2) for age in (4, 1, 3, 2)}
    one.reap_workers = lambda: one.told.append("wait")
    monkeypatch.setattr(Arbiter, "manage_workers", lambda _: one.told.append("end the old"))
    return one


def test_waits_until_all_new_ones_serve(master: Any) -> None:
    """One of two is not enough."""

    def boot() -> None:
        master.told.append("wait")
        master.WORKERS[2 + len(master.told)].serves = True

    master.reap_workers = boot
    master.manage_workers()
    assert master.told == ["wait", "wait", "end the old"]


def test_does_not_wait_for_ever(master: Any) -> None:
    """New workers that never serve are gunicorn's matter again."""
    master.cfg.timeout = 0.2
    master.manage_workers()
    assert master.told[-2:] == ["wait", "end the old"]


def test_does_not_wait_when_it_is_to_end(master: Any) -> None:
    """TERM while new workers load ends the server as it would at any time."""
    master.SIG_QUEUE = SimpleNamespace(put_nowait=lambda _: None)
    master.signal(15, None)
    master.manage_workers()
    assert master.told == ["end the old"]


@pytest.mark.parametrize("ages", [(1, 2), (3, 4), (3,)])
def test_nothing_to_wait_for(master: Any, ages: tuple[int, ...]) -> None:
    """Neither when all is well nor while workers are missing."""
    master.WORKERS = {age: master.WORKERS[age] for age in ages}
    master.manage_workers()
    assert master.told == ["end the old"]


class Health(BaseHTTPRequestHandler):
    """A server that is not ready at first: what `answers` says, one by one."""

    answers: tuple[tuple[int, str], ...] = ()

    def do_GET(self) -> None:
        status, detail = self.answers[0]
        type(self).answers = self.answers[1:]
        body = json.dumps({"detail": detail}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is said."""


@pytest.fixture
def starting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A master whose first worker serves; its server is the one above."""
    with HTTPServer(("127.0.0.1", 0), Health) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        one = object.__new__(PatientMaster)
        one.cfg = SimpleNamespace(timeout=120)
        one._num_workers, one.WORKERS = 1, {1: SimpleNamespace(age=1, serves=True)}
        one.LISTENERS = [server.socket]
        monkeypatch.setattr(Arbiter, "manage_workers", lambda _: None)
        yield one
        server.shutdown()
        thread.join()


def test_says_where_it_is_once_it_is_ready(
    starting: Any, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Only when /health/ready says 200, and once; until then each reason is logged once."""
    caplog.set_level(logging.WARNING)
    away = (503, "The database does not answer.")
    Health.answers = (away, away, (503, "classify: no model is installed."), (200, ""))
    for _ in range(3):
        starting.manage_workers()
    assert capsys.readouterr().out == ""
    for _ in range(3):
        starting.manage_workers()
    port = starting.LISTENERS[0].getsockname()[1]
    said = f"Percept serves on http://127.0.0.1:{port} (docs: /docs).\n"
    assert capsys.readouterr().out == said
    assert [record.getMessage() for record in caplog.records] == [
        "not ready: The database does not answer.",
        "not ready: classify: no model is installed.",
    ]


def test_says_nothing_before_a_worker_serves(
    starting: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """A port that is open is no server yet."""
    starting.WORKERS[1].serves = False
    starting.manage_workers()
    assert capsys.readouterr().out == ""
