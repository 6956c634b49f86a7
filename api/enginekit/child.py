"""One child process that does one task at a time, and can be ended at any moment.

Each has a pipe of its own, so that one that dies, even in the middle of a word, harms no other.
It is forked from a small server process that has imported what tasks need and runs no threads: a
fresh one is there in milliseconds and shares that memory. See docs/decisions/016-guests.md.
"""

import contextlib
import errno
import importlib
import multiprocessing
import os
import resource
import signal
import socket
import struct
import sys
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Literal, TypeVar

import psutil

from api.errors import NotReady, PerceptError

T = TypeVar("T")
Reason = Literal["hung", "died", "memory"]
STARTING_S = 30.0
LOOK_S = 0.05
# How long the other side may leave us waiting in the middle of a message.
STALLED_S = 10.0
# What the server has to end us with when our time is up, before the system does.
SPARE_S = 2.0
# On a busy machine a task may take so many times its limit, as long as it wants to compute and
# could not: a file is not bad because the server has other work.
LENIENCE = 3.0
# What one may hold after a task; libraries keep memory for later that nobody will need again.
KEPT_BYTES = 300_000_000
STARVED = (psutil.STATUS_RUNNING, psutil.STATUS_DISK_SLEEP)
_context = multiprocessing.get_context("forkserver")


class Lost(Exception):
    """The process is of no more use, for this reason."""

    def __init__(self, reason: Reason):
        super().__init__(reason)
        self.reason: Reason = reason


class Child:
    """A process that has imported the modules and may address so much memory.

    Raises:
        NotReady: it cannot be started.
    """

    def __init__(self, memory_mb: int, modules: tuple[str, ...]):
        self.tasks = 0
        self._known_to_have_worked = 0.0
        _context.set_forkserver_preload([__name__, *modules])
        self._pipe, theirs = _context.Pipe()
        _limit_waiting(self._pipe)
        arguments = (theirs, memory_mb * 1_000_000, modules)
        self._process = _context.Process(target=_live, args=arguments, name="guest", daemon=True)
        try:
            self._process.start()
            theirs.close()
            self._answer(STARTING_S)
        except (OSError, EOFError, Lost) as error:
            self.end()
            raise NotReady("The sandbox processes cannot be started.") from error

    def do(self, task: Callable[..., T], args: tuple[object, ...], seconds: float) -> T:
        """The task's result.

        `seconds` are those of the clock, or of the processor where it had to share that.

        Raises:
            Lost: it took longer than that, died or ran out of memory; it has been ended.
            Whatever the task raises.
        """
        self.tasks += 1
        try:
            done, value = self._exchange(task, args, seconds)
            if isinstance(value, MemoryError) or getattr(value, "errno", None) == errno.ENOMEM:
                raise Lost("memory")
        except Lost:
            self.end()
            raise
        if not done:
            raise value
        result: T = value
        return result

    def has_grown(self) -> bool:
        """Return whether it holds much more memory than it began with."""
        with contextlib.suppress(psutil.NoSuchProcess, OSError):
            return bool(psutil.Process(self._process.pid).memory_info().rss > KEPT_BYTES)
        return False

    def is_idle(self) -> bool:
        """Whether it waits for a task; one that has died does not."""
        return not self._pipe.closed and not self._pipe.poll(0)

    def end(self) -> None:
        """Kill it; to do so again does no harm."""
        self._pipe.close()
        if self._process.pid is not None:
            self._process.kill()
            self._process.join()

    def _exchange(
        self, task: Callable[..., Any], args: tuple[object, ...], seconds: float
    ) -> tuple[bool, Any]:
        try:
            self._pipe.send((task, args, LENIENCE * seconds))
        except OSError:
            raise Lost("died") from None
        return self._answer(seconds)

    def _answer(self, seconds: float) -> tuple[bool, Any]:
        try:
            if not self._speaks_within(seconds):
                raise Lost("hung")
            answer: tuple[bool, Any] = self._pipe.recv()
        except (OSError, EOFError):
            raise Lost("died") from None
        return answer

    def _speaks_within(self, seconds: float) -> bool:
        until, worked, left = time.monotonic() + LENIENCE * seconds, self._worked(), seconds
        while not self._pipe.poll(left):
            left = min(seconds - (self._worked() - worked), until - time.monotonic())
            if left <= 0 or not self._is_starved():
                return False
            left = max(left, LOOK_S)
        return True

    def _worked(self) -> float:
        """Return its seconds of processor time, or what was known if they cannot be read now."""
        with contextlib.suppress(psutil.NoSuchProcess, OSError):
            times = psutil.Process(self._process.pid).cpu_times()
            self._known_to_have_worked = times.user + times.system
        return self._known_to_have_worked

    def _is_starved(self) -> bool:
        """Whether it would go on if the machine let it; one that has died is not waited for."""
        with contextlib.suppress(psutil.NoSuchProcess, OSError):
            return psutil.Process(self._process.pid).status() in STARVED
        return True


def _limit_waiting(pipe: Connection) -> None:
    seconds = struct.pack("ll", int(STALLED_S), int(STALLED_S % 1 * 1_000_000))
    with socket.socket(fileno=os.dup(pipe.fileno())) as end:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, seconds)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, seconds)


def _live(pipe: Connection, memory_bytes: int, modules: tuple[str, ...]) -> None:
    """The life of the process: it ends when nobody holds the other end of the pipe."""
    _move_in(memory_bytes)
    for module in modules:
        _import(module)
    pipe.send((True, None))
    with contextlib.suppress(EOFError, OSError):
        while True:
            _do_one(pipe)


def _import(module: str) -> None:
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        # What it needs may be left out of an installation; the tasks that need it say so.
        if error.name == module:
            raise


def _do_one(pipe: Connection) -> None:
    task, args, seconds = pipe.recv()
    # Where the server was killed meanwhile nobody is left to end us, and we may hang for good.
    signal.setitimer(signal.ITIMER_REAL, seconds + SPARE_S)
    try:
        outcome = (True, task(*args))
    # Whatever it is goes to who asked for it.
    except Exception as error:  # noqa: BLE001
        outcome = (False, _told(error))
    signal.setitimer(signal.ITIMER_REAL, 0)
    try:
        pipe.send(outcome)
    except OSError:
        raise
    # What cannot be pickled makes any error; nothing of it has been sent.
    except Exception as error:  # noqa: BLE001
        pipe.send((False, TypeError(f"The result cannot be sent: {error}")))


def _told(error: Exception) -> Exception:
    if not isinstance(error, PerceptError):
        error.add_note(traceback.format_exc())  # the traceback itself cannot travel
    return error


def _move_in(memory_bytes: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends us
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
