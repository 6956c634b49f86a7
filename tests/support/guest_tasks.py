"""What guests are asked to do in tests: things that a good server survives."""

import ctypes
import importlib
import mmap
import os
import signal
import sys
import threading
import time
from typing import Any

from api.errors import TooLarge, Unusable, invalid


def add(a: int, b: int) -> int:
    return a + b


def size(data: bytes) -> int:
    return len(data)


def process() -> int:
    """Who it is that works."""
    return os.getpid()


def is_imported(module: str) -> bool:
    return module in sys.modules


def nap(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def compute(seconds: float) -> int:
    """So many seconds of processor time."""
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass
    return os.getpid()


def hang() -> None:
    """In native code, deaf to polite signals."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    libc = ctypes.PyDLL(None)  # keeps the interpreter's lock, so that no other thread runs either
    libc.sleep(600)


def leave(code: int) -> None:
    os._exit(code)


def exit_politely() -> None:
    raise SystemExit(3)


def crash() -> None:
    ctypes.string_at(0)


def abort() -> None:
    os.abort()


def eat_python_memory() -> int:
    return len([bytes(50_000_000) for _ in range(100)])


def eat_numpy_memory() -> Any:
    return importlib.import_module("numpy").ones(10**9).sum()


def eat_mapped_memory() -> int:
    return len(mmap.mmap(-1, 5 * 10**9))


kept: list[bytes] = []


def keep(megabytes: int) -> int:
    """Keep so much memory for good, as a library might."""
    kept.append(b"x" * (megabytes * 1_000_000))
    return os.getpid()


def eat_what_is_allowed() -> int:
    return len(bytes(400_000_000))


def refuse_as_unusable() -> None:
    raise Unusable("Page %(page)s is torn.", "page_torn", page=3)


def refuse_as_too_large() -> None:
    raise TooLarge("Too long.")


def refuse_a_field() -> None:
    raise invalid("ssml", "Must be at most %(wanted)s.", wanted=7)


def time_out() -> None:
    raise TimeoutError("its own")


def reach_the_end() -> None:
    raise EOFError("of the file, not of the pipe")


def divide() -> float:
    return 1 / 0


def misuse(*_: object) -> int:
    """A mistake of ours, or a library of another version."""
    some: Any = 5
    return len(some)


def misname(*_: object) -> Any:
    nothing: Any = None
    return nothing.prepare


def answer_with_a_lock() -> Any:
    return threading.Lock()


def answer_much(count: int) -> bytes:
    return b"x" * count
