"""What Percept leans on, for tests: PostgreSQL and Redis. Loaded as a pytest plugin."""

import contextlib
import functools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil
import psycopg
import pytest
import redis
import servers
from servers import READY_SECONDS, free_port

Kind = TypeVar("Kind", bound="Background")


@dataclass
class Background:
    """A program that the tests start, stop, freeze and thaw."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, cwd="/", start_new_session=True
            )
        deadline = time.monotonic() + READY_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                pytest.fail((self.folder / "log").read_text()[-3000:])
            time.sleep(0.02)

    def stop(self) -> None:
        """Ends it as an operator would, though somebody is connected."""
        assert self.process is not None
        self.thaw()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)

    def freeze(self) -> None:
        """From now on it accepts connections and says nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        if self.process is not None and self.process.poll() is None:
            family = psutil.Process(self.process.pid)
            for one in [family, *family.children(recursive=True)]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    one.send_signal(number)


@dataclass
class PostgresServer(Background):
    """A PostgreSQL server of our own, whose superuser `percept` needs no password."""

    @property
    def url(self) -> str:
        """Its address without a database name."""
        return f"postgresql://percept@127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        place = ["-D", str(self.folder / "data"), "-k", str(self.folder), "-p", str(self.port)]
        return [*_as_user(), str(_postgres("postgres")), *place, "-c", "fsync=off"]

    def make(self) -> None:
        """Makes its empty folder."""
        if _as_user():
            shutil.chown(self.folder, "postgres", "postgres")
        options = ["--no-sync", "-A", "trust", "-U", "percept", "-D", str(self.folder / "data")]
        command = [*_as_user(), str(_postgres("initdb")), *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

    def answers(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(f"{self.url}/postgres", connect_timeout=2).close()
            return True
        return False

    def fresh(self, name: str, template: str = "template1") -> str:
        """The address of a new database of this name."""
        with psycopg.connect(f"{self.url}/postgres", autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return f"{self.url}/{name}"


def _as_user() -> list[str]:
    # PostgreSQL refuses to run as root. setpriv becomes the program, so that signals reach it.
    ids = ["--reuid=postgres", "--regid=postgres", "--clear-groups"]
    return ["setpriv", *ids, "--"] if os.geteuid() == 0 else []


def _postgres(program: str) -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
    if not found:
        pytest.skip("PostgreSQL is not installed (Debian: postgresql)")
    return found[-1]


@dataclass
class RedisServer(Background):
    """A Redis server of our own; what it holds is lost when it ends."""

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        if not (program := shutil.which("redis-server")):
            pytest.skip("Redis is not installed (Debian: redis-server)")
        return [program, "--port", str(self.port), "--save", "", "--dir", str(self.folder)]

    def answers(self) -> bool:
        with contextlib.suppress(redis.exceptions.RedisError), redis.from_url(self.url) as client:
            return bool(client.ping())
        return False

    def flush(self) -> None:
        """Forgets everything."""
        with redis.from_url(self.url) as client:
            client.flushall()


@contextlib.contextmanager
def running(kind: type[Kind]) -> Iterator[Kind]:
    # Short: a socket's path is limited.
    with tempfile.TemporaryDirectory(prefix="percept-", ignore_cleanup_errors=True) as folder:
        one = kind(Path(folder), free_port())
        if isinstance(one, PostgresServer):
            one.make()
        one.start()
        yield one
        one.stop()


@pytest.fixture(scope="session")
def common_postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL server for all tests that do not stop it."""
    with running(PostgresServer) as server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def _servers_on_postgres(request: pytest.FixtureRequest) -> Iterator[None]:
    """With PERCEPT_TEST_DATABASE=postgresql, servers and commands have their databases there."""
    if os.environ.get("PERCEPT_TEST_DATABASE") == "postgresql":
        common: PostgresServer = request.getfixturevalue("common_postgres")

        @functools.cache
        def of(folder: Path) -> str:
            return common.fresh(f"of_{abs(hash(folder))}")

        servers.database_of = of
    yield
    servers.database_of = None


@pytest.fixture
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server that the test may stop, start, freeze and thaw."""
    with running(PostgresServer) as server:
        yield server


@pytest.fixture(scope="session")
def postgres(common_postgres: PostgresServer) -> str:
    """The address of the common PostgreSQL server, without a database name."""
    return common_postgres.url


@pytest.fixture
def postgres_url(common_postgres: PostgresServer, request: pytest.FixtureRequest) -> str:
    """The address of a fresh database."""
    return common_postgres.fresh(f"test_{abs(hash(request.node.nodeid))}")


@pytest.fixture
def emptied_postgres_url(common_postgres: PostgresServer) -> str:
    """The address of one database without tables: in a tenth of the time of a fresh one."""
    url = f"{common_postgres.url}/postgres"
    others = "pid <> pg_backend_pid() AND datname = current_database()"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return url


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """A Redis server that the test may stop, start, freeze and thaw."""
    with running(RedisServer) as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The address of an empty Redis."""
    return redis_server.url
