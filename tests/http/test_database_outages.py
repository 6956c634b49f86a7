"""The application and PostgreSQL: stopped, frozen, slow, or with its connections cut."""

import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import flask_migrate
import psycopg
import pytest
from backends import PostgresServer, running
from flask import Flask
from servers import PERCEPT, environment
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from api.app import create_app
from api.cli.app import MIGRATIONS
from api.config import Settings
from api.db import postgres
from api.extensions import db

pytestmark = pytest.mark.slow
ME, CROWD = "/api/v1/users/me", 50
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'percept'"
Refused = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL that these tests stop and freeze; it is back after each."""
    with running(PostgresServer) as one:
        yield one


@pytest.fixture
def database_url(server: PostgresServer) -> str:
    return server.fresh("percept")


@pytest.fixture(params=["stop", "freeze"])
def away(request: pytest.FixtureRequest, server: PostgresServer, ada: Any) -> Iterator[Any]:
    """PostgreSQL is away, though there are connections to it; calling this brings it back."""
    leave, come = {"stop": (server.stop, server.start), "freeze": (server.freeze, server.thaw)}[
        request.param
    ]
    back = threading.Event()

    def bring() -> None:
        if not back.is_set():
            back.set()
            come()

    leave()
    yield bring
    bring()


def at_once(app: Flask, headers: dict[str, str]) -> list[Any]:
    with ThreadPoolExecutor(CROWD) as crowd:
        asked = [crowd.submit(app.test_client().get, ME, headers=headers) for _ in range(CROWD)]
        return [one.result() for one in asked]


def test_away_and_back(app: Flask, ada: Any, away: Any, refused: Refused) -> None:
    """All of a crowd get 503 with Retry-After, again and again; then 200 without a restart."""
    for _ in range(2):
        for answer in at_once(app, ada["headers"]):
            refused(answer, 503, "not_available")
            assert int(answer.headers["Retry-After"]) >= 1
    client = app.test_client()
    assert client.get("/health/ready").status_code == 503
    assert client.get("/health/live").status_code == 200
    away()
    pause = threading.Event()
    for _ in range(50):
        if client.get(ME, headers=ada["headers"]).status_code == 200:
            break
        pause.wait(0.1)
    assert Counter(a.status_code for a in at_once(app, ada["headers"])) == {200: CROWD}


def test_commands_say_so(tmp_path: Path, server: PostgresServer, away: Any) -> None:
    """Setting up ends in one line and with a status, and does not wait for ever."""
    surroundings = environment(tmp_path, DATABASE_URL=f"{server.url}/percept")
    for command in ("setup", "serve"):
        ended = subprocess.run(
            [PERCEPT, command], env=surroundings, cwd=tmp_path, capture_output=True, timeout=10
        )
        assert ended.returncode == 2
        (line,) = ended.stderr.decode().splitlines()
        assert line.startswith("percept: DATABASE_URL: no answer (")


def test_connections_that_were_cut(app: Flask, ada: Any, database_url: str) -> None:
    """Nobody sees that connections ended while they rested."""
    for _ in range(3):
        assert Counter(a.status_code for a in at_once(app, ada["headers"])) == {200: CROWD}
        with psycopg.connect(database_url) as connection:
            connection.execute(CUT)


def test_a_statement_that_takes_too_long(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server ends it, and the connection stays good."""
    monkeypatch.setattr(postgres, "STATEMENT_SECONDS", 0.2)
    quick = create_app(app.config["SETTINGS"])
    with quick.app_context():
        connection = db.session.connection().connection.driver_connection
        with pytest.raises(OperationalError, match="statement timeout"):
            db.session.execute(text("SELECT pg_sleep(60)"))
        db.session.rollback()
        assert db.session.scalar(text("SELECT 1")) == 1
        assert db.session.connection().connection.driver_connection is connection
        db.session.remove()
        db.engine.dispose()


def test_a_statement_that_is_not_answered(
    app: Flask, server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its connection is closed: an answer to it must not reach the next statement."""
    monkeypatch.setattr(postgres, "ANSWER_SECONDS", 0.2)
    with app.app_context():
        connection = db.session.connection().connection.driver_connection
        server.freeze()
        try:
            with pytest.raises(OperationalError):
                db.session.execute(text("SELECT 1"))
        finally:
            server.thaw()
        assert connection is not None
        assert connection.closed
        db.session.rollback()
        assert db.session.scalar(text("SELECT 2")) == 2


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Something that accepts connections and says nothing."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening


def refused(connect: postgres.Connector, silent: socket.socket) -> None:
    with pytest.raises(psycopg.OperationalError, match=postgres.SILENT):
        connect(cargs=[], cparams={"host": "127.0.0.1", "port": silent.getsockname()[1]})


def test_a_new_connection_that_is_not_answered(silent: socket.socket) -> None:
    """It is given up by our own clock; psycopg's knows no less than two seconds."""
    connect = postgres.Connector()
    refused(connect, silent)
    refused(connect, silent)
    silent.setblocking(False)
    silent.accept()[0].close()
    with pytest.raises(BlockingIOError):  # the second one was not even tried
        silent.accept()


def test_a_new_connection_that_is_answered(silent: socket.socket, server: PostgresServer) -> None:
    """Others need not wait any longer, though an earlier one is given up only now."""
    connect = postgres.Connector()
    with ThreadPoolExecutor() as pool:
        earlier = pool.submit(refused, connect, silent)
        with silent.accept()[0]:
            connect(cargs=[f"{server.url}/postgres"], cparams={}).close()
            earlier.result()
    connect(cargs=[f"{server.url}/postgres"], cparams={}).close()


def test_what_has_arrived_counts() -> None:
    """A process that had no time to look for an answer does not take the server for silent."""
    steps = postgres._within((step for step in "abc"), -1)
    assert [next(steps), steps.send(1), steps.send(2)] == ["a", "b", "c"]
    with pytest.raises(psycopg.OperationalError, match=postgres.SILENT):
        steps.send(0)


def test_migrations_may_take_long(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another server is at it, they wait for longer than any request would."""
    monkeypatch.setattr(postgres, "STATEMENT_SECONDS", 0.1)
    monkeypatch.setattr(postgres.PatientConnection, "patience", 0.1)
    app = create_app(Settings(data_dir=tmp_path, database_url=database_url, log_level="error"))
    flask_migrate.Migrate(app, db, directory=str(MIGRATIONS))
    with psycopg.connect(database_url) as other:
        other.execute("SELECT pg_advisory_xact_lock(7403112009)")
        leave = threading.Timer(1, other.rollback)
        leave.start()
        with app.app_context():
            flask_migrate.upgrade()
            assert db.session.scalar(text("SELECT count(*) FROM users")) == 0
            db.session.remove()
            db.engine.dispose()
        leave.join()
