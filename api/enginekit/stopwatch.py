"""How long each stage of a computation takes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Seconds by stage, in the order in which the stages ended."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Times the block under this name; the same name twice adds up."""
        started = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - started
            self.seconds[name] = self.seconds.get(name, 0.0) + spent

    def milliseconds(self) -> dict[str, float]:
        """What the stages took, and all together as `total`."""
        spent = {name: round(1000 * s, 2) for name, s in self.seconds.items()}
        return {**spent, "total": round(1000 * sum(self.seconds.values()), 2)}
