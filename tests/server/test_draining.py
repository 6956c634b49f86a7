"""Answers without an end do not keep a worker that is to end."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import psutil
import pytest
from servers import free_port

pytestmark = pytest.mark.slow
HANG_SECONDS = 30


@pytest.fixture
def streaming(tmp_path: Path) -> Iterator[tuple[psutil.Process, str]]:
    """A master with one worker that streams; its process and address."""
    place = f"127.0.0.1:{free_port()}"
    worker = [
        "--worker-class",
        "api.server.worker.PatientWorker",
        "--threads",
        "8",
        "--no-control-socket",
    ]
    support = Path(__file__).parents[1] / "support"
    process = subprocess.Popen(
        [sys.executable, "-m", "api.server.master", *worker, "-b", place, "endless:app"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(support)},
        stderr=subprocess.DEVNULL,
    )
    yield psutil.Process(process.pid), place
    process.kill()
    process.wait()


Opener = Callable[[], httpx.Response]


@pytest.fixture
def opened(streaming: tuple[psutil.Process, str]) -> Iterator[Opener]:
    """Opens an answer without an end, once somebody listens."""
    with ExitStack() as stack:

        def ask() -> httpx.Response:
            deadline = time.monotonic() + HANG_SECONDS
            while True:
                client = stack.enter_context(httpx.Client(timeout=HANG_SECONDS))
                try:
                    request = client.build_request("GET", f"http://{streaming[1]}")
                    return stack.enter_context(
                        contextlib.closing(client.send(request, stream=True))
                    )
                except httpx.ConnectError:
                    assert time.monotonic() < deadline
                    time.sleep(0.05)

        yield ask


@pytest.mark.parametrize("ending", ["SIGTERM", "SIGHUP", "SIGKILL"])
def test_streams_end(streaming: tuple[psutil.Process, str], opened: Opener, ending: str) -> None:
    """By TERM, by a reload, and when the master is gone: each stream has its last words."""
    master, _ = streaming
    streams = [opened() for _ in range(4)]
    (worker,) = master.children()
    master.send_signal(getattr(signal, ending))
    for stream in streams:
        assert b"".join(stream.iter_bytes()).endswith(b"bye")
    assert psutil.wait_procs([worker], HANG_SECONDS)[1] == []
    if ending == "SIGHUP":
        assert master.is_running()
        assert len(master.children()) == 1
        assert next(opened().iter_bytes()).startswith(b".")  # somebody else serves now
    elif ending == "SIGTERM":
        assert master.wait(HANG_SECONDS) == 0
