"""Connections to PostgreSQL that never wait for ever: see docs/decisions/023.

A server that was stopped refuses at once. One that hangs, or a network that swallows packets,
accepts and says nothing; neither its own timeouts nor TCP's end that within seconds.
"""

import time
from collections.abc import Generator
from typing import Any, Self, TypeVar

import psycopg
from psycopg.errors import ConnectionTimeout
from sqlalchemy import Engine, event

Result = TypeVar("Result")
# How long a new connection may take, and a resting one to say that it is alive. Together they
# are what a request waits for a server that hangs.
CONNECT_SECONDS = 1.0
PING_SECONDS = 0.6
# How long the server may compute one statement, and we wait for what it says.
STATEMENT_SECONDS = 3.0
ANSWER_SECONDS = 3.5
# How long nobody tries again after a new connection got no answer.
PAUSE_SECONDS = 1.0
# How long a request waits for a connection while all are in use.
QUEUE_SECONDS = 1.0
IDLE_IN_TRANSACTION_SECONDS = 30
SILENT = "the server accepts connections and does not answer"


class PatientConnection(psycopg.Connection[Any]):
    """A connection that is given up, and closed, when an answer takes longer than `patience`.

    `patience` is in seconds; None waits for ever.
    """

    patience: float | None = ANSWER_SECONDS

    @classmethod
    def _connect_gen(cls, conninfo: str = "") -> Generator[Any, Any, Self]:
        # psycopg rounds `connect_timeout` up to two seconds.
        return _within(super()._connect_gen(conninfo), CONNECT_SECONDS)

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for the server.

        Raises:
            psycopg.OperationalError: it did not answer in time, or the connection was lost.
        """
        patience = self.patience if timeout is None else timeout
        try:
            return super().wait(gen, interval, patience)
        except psycopg.OperationalError as error:
            if error.sqlstate is None:  # not said by the server: an answer may still be on its way
                self.close()
            raise


def _within(steps: Generator[Any, Any, Result], seconds: float) -> Generator[Any, Any, Result]:
    """The same steps, given up after so many seconds."""
    until = time.monotonic() + seconds
    try:
        wish = next(steps)
        while True:
            ready = yield wish
            # What has arrived counts, however late this process gets to it.
            if not ready and time.monotonic() > until:
                raise ConnectionTimeout(SILENT)
            wish = steps.send(ready)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # StopIteration is untyped


class Connector:
    """Opens connections; after one that got no answer it refuses for PAUSE_SECONDS at once.

    So a crowd of requests does not wait in turns. One that does get an answer ends the pause.
    """

    def __init__(self) -> None:
        self._silent_until = self._answered_at = 0.0

    def __call__(self, *, cargs: list[Any], cparams: dict[str, Any], **_: Any) -> Any:
        """A new connection, as SQLAlchemy's `do_connect` wants it.

        Raises:
            psycopg.OperationalError: there is none to be had.
        """
        began = time.monotonic()
        if began < self._silent_until:
            raise ConnectionTimeout(SILENT)
        try:
            made = PatientConnection.connect(*cargs, **cparams)
        except ConnectionTimeout:
            # Not where another has got through meanwhile: then the server is back.
            if self._answered_at < began:
                self._silent_until = time.monotonic() + PAUSE_SECONDS
            raise
        self._answered_at, self._silent_until = time.monotonic(), 0.0
        return made


def _rest(connection: PatientConnection | None, _: Any) -> None:
    if connection is not None:
        connection.patience = PING_SECONDS


def _work(connection: PatientConnection, *_: Any) -> None:
    connection.patience = ANSWER_SECONDS


def options() -> dict[str, Any]:
    """SQLAlchemy's options for an engine; `attend` does the rest."""
    server = {
        "statement_timeout": int(STATEMENT_SECONDS * 1000),
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_SECONDS * 1000,
        "timezone": "utc",
    }
    return {
        "connect_args": {
            "options": " ".join(f"-c {name}={value}" for name, value in server.items()),
            "application_name": "percept",
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
        },
        "pool_pre_ping": True,
        "pool_size": 4,
        "max_overflow": 6,
        "pool_timeout": QUEUE_SECONDS,
    }


def attend(engine: Engine) -> None:
    """Let the engine open patient connections, which are patient for as long as it takes."""
    event.listen(engine, "do_connect", Connector(), named=True)
    # The ping comes before "checkout", and the roll-back before "checkin".
    event.listen(engine, "checkin", _rest)
    event.listen(engine, "checkout", _work)
