"""How long each stage of a computation takes, and how far it is."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def _unheard(_progress: float) -> None:
    """Nobody asked to hear of progress."""


class Stopwatch:
    """Seconds by stage, in the order in which the stages ended.

    `on_progress` hears how much of the work is done, from 0 to 1; what it raises ends the work.
    """

    def __init__(self, on_progress: Callable[[float], None] = _unheard) -> None:
        self.seconds: dict[str, float] = {}
        self._on_progress = on_progress

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Times the block under this name; the same name twice adds up."""
        started = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - started
            self.seconds[name] = self.seconds.get(name, 0.0) + spent

    def progress(self, done: float, of: float) -> None:
        """So much is done of so much, in pages, seconds of sound or sentences."""
        self._on_progress(done / of if of else 1.0)

    def milliseconds(self) -> dict[str, float]:
        """What the stages took, and all together as `total`."""
        spent = {name: round(1000 * s, 2) for name, s in self.seconds.items()}
        return {**spent, "total": round(1000 * sum(self.seconds.values()), 2)}
