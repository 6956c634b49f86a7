"""Workers die with jobs in their hands: none is lost, none is stuck, none is stored twice.

How many jobs and kills there are can be set: PERCEPT_TEST_JOBS=300 PERCEPT_TEST_KILLS=20.
"""

import os
import random
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from backends import RedisServer
from kills import kill_with_children, storm
from napping import copy_with_nap
from servers import PERCEPT, Server, environment

pytestmark = pytest.mark.slow
JOBS = int(os.environ.get("PERCEPT_TEST_JOBS", "30"))
KILLS = int(os.environ.get("PERCEPT_TEST_KILLS", "3"))
WORKERS = max(3, JOBS // 40)
EVERY_S = 2.5


def files_of(server: Server) -> list[str]:
    """The files that are stored."""
    folder = server.folder / "data" / "files"
    return [file.name for file in folder.rglob("*") if file.is_file()]


def settled(server: Server, jobs: int, kills: int, kill: Callable[[], None]) -> None:
    outcome = storm(server, jobs, kills, EVERY_S, kill)
    assert outcome.errors == set()
    assert outcome.acknowledged == jobs
    assert outcome.by_status == {"succeeded": jobs}
    assert outcome.seconds_after_last_kill < 60
    # A job whose 202 was lost with its worker is done, too.
    assert outcome.stored == sorted(outcome.succeeded)
    assert [name for name in files_of(server) if "request" in name] == []


def test_threads_of_servers(tmp_path: Path, serve: Callable[..., Server]) -> None:
    """The server's own workers, which do the jobs beside their requests."""
    nap = str(copy_with_nap(tmp_path / "copy"))
    server = serve(
        PYTHONPATH=nap, PERCEPT_SERVICES="accounts,history,jobs,nap",
        PERCEPT_JOB_THREADS="4", PERCEPT_RATE_LIMITS="off",
    )  # fmt: skip

    def kill() -> None:
        workers = psutil.Process(server.process.pid).children()
        kill_with_children(random.choice(workers))

    settled(server, JOBS, KILLS, kill)


@pytest.fixture
def workers() -> Iterator[list[subprocess.Popen[bytes]]]:
    """The `percept worker` processes of a test."""
    running: list[subprocess.Popen[bytes]] = []
    yield running
    for worker in running:
        worker.terminate()
    assert [worker.wait(40) for worker in running] == [0] * len(running)


def test_workers_on_redis(
    tmp_path: Path,
    serve: Callable[..., Server],
    redis_server: RedisServer,
    workers: list[subprocess.Popen[bytes]],
) -> None:
    """`percept worker`, each killed and started again."""
    nap = str(copy_with_nap(tmp_path / "copy"))
    settings = {
        "PYTHONPATH": nap, "PERCEPT_SERVICES": "accounts,history,jobs,nap",
        "PERCEPT_RATE_LIMITS": "off", "REDIS_URL": redis_server.url,
    }  # fmt: skip
    server = serve(**settings)

    def start() -> None:
        with (tmp_path / "workers.log").open("ab") as log:
            command = [PERCEPT, "worker"]
            env = environment(server.folder, **settings)
            workers.append(subprocess.Popen(command, env=env, stdout=log, stderr=log, cwd=tmp_path))

    for _ in range(WORKERS):
        start()

    def kill() -> None:
        victim = random.choice(workers)
        workers.remove(victim)
        kill_with_children(psutil.Process(victim.pid))
        victim.wait()
        start()

    settled(server, JOBS, KILLS, kill)
