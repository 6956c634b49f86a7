"""Programs that belong together: started, waited for, watched, and ended with nothing left."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

READY_SECONDS, STOP_SECONDS, TAIL_LINES = 90.0, 40.0, 20
STEP = 0.1
# The developer's own settings are not the demo's.
FOREIGN = ("PERCEPT_", "DATABASE_URL", "REDIS_URL", "AWS_", "HOST", "PORT", "PROMETHEUS_")


class Failed(Exception):
    """A part did not start, or ended by itself; the text names it and shows the end of its log."""


@dataclass(frozen=True)
class Part:
    """A program: how it is started, how one sees that it is ready, how it is asked to end.

    `ready` is asked again and again and may raise OSError or httpx.TransportError for "not yet".
    `user` is whom it runs as where we are root.
    """

    name: str
    command: tuple[str | Path, ...]
    ready: Callable[[], bool]
    environment: dict[str, str] = field(default_factory=dict)
    ends_by: signal.Signals = signal.SIGTERM
    user: str | None = None

    def command_line(self) -> list[str]:
        """What is run: the kernel ends it if this process is killed and cannot."""
        options = ["--pdeathsig", self.ends_by.name.removeprefix("SIG")]
        if self.user and os.geteuid() == 0:
            options += ["--reuid", self.user, "--regid", self.user, "--init-groups"]
        return ["setpriv", *options, "--", *map(str, self.command)]


class Programs:
    """Running parts. Each has a log in `folder`, where it is started too."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._running: dict[str, tuple[Part, subprocess.Popen[bytes]]] = {}

    def start(self, *parts: Part) -> None:
        """Start parts and wait until each is ready.

        Raises:
            Failed: one ended, or was not ready in time.
        """
        for part in parts:
            with self.log(part.name).open("ab") as out:
                process = subprocess.Popen(  # noqa: S603  # our own command
                    part.command_line(),
                    cwd=self._folder,
                    env=environment(part.environment),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # Ctrl-C is for us; we end them in order
                )
            self._running[part.name] = part, process
        until = time.monotonic() + READY_SECONDS
        for part in parts:
            self._wait(part, until)

    def _wait(self, part: Part, until: float) -> None:
        while time.monotonic() < until:
            self.check()
            with suppress(OSError, httpx.TransportError):
                if part.ready():
                    return
            time.sleep(STEP)
        raise Failed(f"{part.name} did not get ready.\n{self._tail(part.name)}")

    def check(self) -> None:
        """Look whether all still run.

        Raises:
            Failed: one does not.
        """
        for name, (_, process) in self._running.items():
            if process.poll() is not None:
                ended = f"{name} has ended ({process.returncode})."
                raise Failed(f"{ended}\n{self._tail(name)}")

    def pid(self, name: str) -> int:
        """The process id of a part."""
        return self._running[name][1].pid

    def names(self) -> list[str]:
        """The parts that were started and not stopped, in the order of their start."""
        return list(self._running)

    def log(self, name: str) -> Path:
        """Where a part writes its lines."""
        return self._folder / f"{name}.log"

    def _tail(self, name: str) -> str:
        lines = self.log(name).read_text(errors="replace").splitlines()
        return "\n".join(f"  {line}" for line in lines[-TAIL_LINES:])

    def stop(self, names: Iterable[str]) -> None:
        """End parts together; what does not end in time is killed, with all its children."""
        leaving = [self._running.pop(name) for name in names]
        for part, process in leaving:
            if process.poll() is None:
                process.send_signal(part.ends_by)
        until = time.monotonic() + STOP_SECONDS
        for _, process in leaving:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, until - time.monotonic()))
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def environment(more: dict[str, str]) -> dict[str, str]:
    """The system's environment, none of the developer's settings, and `more`."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}  # noqa: TID251
    return {**kept, **more}


def free_ports() -> Iterator[int]:
    """Ports of loopback that nobody uses, each another one."""
    given: set[int] = set()
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in given:
            given.add(port)
            yield port


def listens(port: int) -> Callable[[], bool]:
    """Whether something accepts connections there."""

    def ask() -> bool:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True

    return ask


def answers(port: int, path: str) -> Callable[[], bool]:
    """Whether something answers 200 there."""
    return lambda: httpx.get(f"http://127.0.0.1:{port}{path}", timeout=5).status_code == 200


def program(name: str, *places: Path) -> Path:
    """Where a program is.

    Raises:
        Failed: it is not installed.
    """
    path = os.pathsep.join(["/usr/bin", "/usr/sbin", *map(str, places)])
    if found := shutil.which(name, path=path):
        return Path(found)
    raise Failed(f"{name} is not installed.")
