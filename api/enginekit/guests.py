"""Guests: native code that may hang, crash or eat memory runs in child processes, watched.

One house for the whole process. A task is a function at the top of a module with plain arguments;
what befalls it costs that one call, and its place is taken by a fresh process. See
docs/decisions/016-guests.md.
"""

import atexit
import importlib
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, TypeVar

from api.enginekit.child import Child, Lost, Reason
from api.errors import Overloaded, PerceptError

T = TypeVar("T")
# A process that has done so much is replaced: whatever its libraries leak goes with it.
TASKS_PER_GUEST = 2000
# The wait for a free guest. So long can only be where all of them hang, again and again.
PATIENCE_S = 30.0


def _unheard(_task: str, _reason: Reason) -> None:
    """Nobody asked to hear of losses."""


class House:
    """So many places, each empty or with a guest that waits for a task."""

    def __init__(self, places: int, memory_mb: int):
        self.places, self.memory_mb = places, memory_mb
        self.modules: tuple[str, ...] = ()
        self.on_loss: Callable[[str, Reason], None] = _unheard
        self._closed = False
        self._free: queue.LifoQueue[Child | None] = queue.LifoQueue()
        self._spare: queue.SimpleQueue[Child] = queue.SimpleQueue()
        for _ in range(places):
            self._free.put(None)

    @contextmanager
    def guest(self) -> Iterator[Child]:
        """A guest for one caller alone, started if there is none.

        Raises:
            Overloaded: none became free.
            NotReady: it cannot be started.
        """
        try:
            guest = self._free.get(timeout=PATIENCE_S)
        except queue.Empty:
            raise Overloaded("The server is at capacity. Please try again.") from None
        try:
            guest = self._fit(guest) or Child(self.memory_mb, self.modules)
            yield guest
        finally:
            self._free.put(self._fit(guest))
            if self._closed:  # perhaps only since then
                self._fit(guest)

    @contextmanager
    def extra_guest(self) -> Iterator[Child]:
        """A guest beside those that have a place; as many as there are places wait for more work.

        Raises:
            NotReady: it cannot be started.
        """
        guest = None
        with suppress(queue.Empty):
            guest = self._fit(self._spare.get_nowait())
        guest = guest or Child(self.memory_mb, self.modules)
        try:
            yield guest
        finally:
            if self._spare.qsize() < self.places and self._fit(guest):
                self._spare.put(guest)
            else:
                guest.end()

    def close(self) -> None:
        """End the guests; those that are busy end when they are given back."""
        self._closed = True
        there: list[Child | None] = []
        with suppress(queue.Empty):
            while True:
                there.append(self._free.get_nowait())
        for guest in there:
            self._free.put(self._fit(guest))
        with suppress(queue.Empty):
            while True:
                self._spare.get_nowait().end()

    def _fit(self, guest: Child | None) -> Child | None:
        """The guest, unless it has died, has done its part, or the house is closed."""
        if guest is None:
            return None
        worn = guest.tasks >= TASKS_PER_GUEST or guest.has_grown()
        if not self._closed and guest.is_idle() and not worn:
            return guest
        guest.end()
        return None


_lock = threading.Lock()
_house = House(places=1, memory_mb=1500)


def configure(
    places: int, memory_mb: int, on_loss: Callable[[str, Reason], None] = _unheard
) -> None:
    """Say how many guests there may be; they are started when first needed.

    Those that are there stay if they are as many and may take as much.
    """
    if (places, memory_mb) != (_house.places, _house.memory_mb):
        _move(House(places, memory_mb))
    _house.on_loss = on_loss


def preload(module: str) -> None:
    """Let every guest import the module before its first task, and what is in its NATIVE.

    NATIVE names modules that only guests may import. What they import may be missing.
    """
    native = getattr(importlib.import_module(module), "NATIVE", ())
    _house.modules = tuple(dict.fromkeys((*_house.modules, module, *native)))


def call(task: Callable[..., T], *args: object, seconds: float, lost: PerceptError) -> T:
    """The task's result, computed by a guest.

    Args:
        task: a function at the top of a module; it, the arguments and the result are pickled.
        seconds: how long it may run, not counting the wait for a free guest.
        lost: what to raise when the guest hung, died or ran out of memory. It is `passing` where
            it died: by what it read, or by a kernel that was short of memory at that moment.

    Raises:
        Overloaded, NotReady: there is no guest.
        Whatever the task raises, and `lost`.
    """
    house = _house
    with house.guest() as guest:
        return _done(house, guest, task, args, seconds, lost)


@contextmanager
def apart(*, seconds: float, lost: PerceptError) -> Iterator[Callable[..., Any]]:
    """Lend a guest beside the others, for tasks that leave something in it for the next one.

    What the block gets is called with a task and its arguments; `seconds`, `lost` and what is
    raised are as for `call`.
    """
    house = _house
    with house.extra_guest() as guest:

        def do(task: Callable[..., T], *args: object) -> T:
            return _done(house, guest, task, args, seconds, lost)

        yield do


def _done(
    house: House,
    guest: Child,
    task: Callable[..., T],
    args: tuple[object, ...],
    seconds: float,
    lost: PerceptError,
) -> T:
    try:
        return guest.do(task, args, seconds)
    except Lost as loss:
        house.on_loss(task.__name__, loss.reason)
        lost.passing = type(lost).passing or loss.reason == "died"
        raise lost from None


def warm_up() -> None:
    """Start every guest now, so that the first request does not wait for it.

    Raises:
        NotReady: they cannot be started.
    """
    house = _house
    with ExitStack() as all_of_them:
        for _ in range(house.places):
            all_of_them.enter_context(house.guest())


def close() -> None:
    """End all guests; the next call would start new ones."""
    _move(House(_house.places, _house.memory_mb))


def _move(to: House) -> None:
    global _house
    with _lock:
        old, _house = _house, to
    to.modules, to.on_loss = old.modules, old.on_loss
    old.close()


atexit.register(close)
