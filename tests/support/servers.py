"""Real servers for tests: Percept under gunicorn. Loaded as a pytest plugin."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Connection, create_engine, text

PERCEPT = Path(sys.executable).with_name("percept")
READY_SECONDS = 60


@dataclass
class Server:
    """A running `percept serve`."""

    url: str
    process: subprocess.Popen[bytes]
    folder: Path
    log: Path

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def get(self, path: str, **more: object) -> httpx.Response:
        return httpx.get(self.url + path, timeout=30, **more)  # type: ignore[arg-type]

    def post(self, path: str, **more: object) -> httpx.Response:
        return httpx.post(self.url + path, timeout=60, **more)  # type: ignore[arg-type]

    def sign_in(self, email: str, password: str = "ten thousand small lamps") -> dict[str, str]:
        """Registers somebody (if they are not yet) and gives their tokens."""
        body = {"email": email, "password": password}
        self.post("/api/v1/auth/register", json=body)
        answer = self.post("/api/v1/auth/login", json=body)
        assert answer.status_code == 200, answer.text
        tokens: dict[str, str] = answer.json()
        return tokens

    def bearer(self, email: str) -> dict[str, str]:
        """The headers of somebody who is signed in."""
        return {"Authorization": f"Bearer {self.sign_in(email)['access_token']}"}


@contextmanager
def database(server: Server) -> Iterator[Connection]:
    """The server's own database, in one transaction, for what no route would do."""
    file = f"sqlite:///{server.folder / 'data' / 'percept.db'}"
    url = database_of(server.folder) if database_of else file
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    try:
        with engine.begin() as connection:
            if not database_of:
                connection.execute(text("PRAGMA foreign_keys = ON"))
            yield connection
    finally:
        engine.dispose()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# The address of the database that belongs to a folder, where the tests run on PostgreSQL.
database_of: Callable[[Path], str] | None = None


def environment(folder: Path, **more: str) -> dict[str, str]:
    """The environment of a command: the system's, none of the developer's settings, and ours."""
    if database_of:
        more = {"DATABASE_URL": database_of(folder), **more}
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PERCEPT_")}
    for name in ("DATABASE_URL", "REDIS_URL", "HOST", "PORT"):
        kept.pop(name, None)
    return {**kept, "PERCEPT_DATA_DIR": str(folder / "data"), **more}


def start(folder: Path, **more: str) -> Server:
    """`percept serve` in a folder of its own, waited for until it is ready."""
    folder.mkdir(parents=True, exist_ok=True)
    port, log = free_port(), folder / "server.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [PERCEPT, "serve", "--port", str(port)],
            cwd=folder,
            env=environment(folder, **more),
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    server = Server(f"http://127.0.0.1:{port}", process, folder, log)
    wait_until_ready(server)
    return server


def wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            if server.get("/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    stop(server)
    pytest.fail(f"the server did not get ready:\n{server.log.read_text()[-3000:]}")


def stop(server: Server) -> int:
    """Ends it as an operator would; the exit status."""
    if server.process.poll() is None:
        server.process.send_signal(signal.SIGTERM)
    try:
        return server.process.wait(40)
    except subprocess.TimeoutExpired:
        server.process.kill()
        return server.process.wait()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server with two workers for all tests that leave it as it was; no rate limits."""
    running = start(tmp_path_factory.mktemp("server"), PERCEPT_RATE_LIMITS="off")
    yield running
    stop(running)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers with the given settings; ends them with the test."""
    running: list[Server] = []

    def launch(name: str = "server", **settings: str) -> Server:
        running.append(start(tmp_path / name, **settings))
        return running[-1]

    yield launch
    for one in running:
        stop(one)
