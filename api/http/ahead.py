"""Parts of an answer that are made ahead of a slow client, which then keeps nobody waiting."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from queue import SimpleQueue
from tempfile import TemporaryFile


class Ahead:
    """Makes parts in a thread of its own, and keeps them in a temporary file.

    Making them must need no request. `done` is called in that thread when no more are made.
    """

    def __init__(self, parts: Iterator[bytes], done: Callable[[], object]) -> None:
        self._left = False
        self._sizes: list[int] = []
        self._made: SimpleQueue[int | None] = SimpleQueue()  # the size of each part, then None
        with ExitStack() as opened:
            self._file = opened.enter_context(TemporaryFile(prefix="percept-"))
            thread = opened.enter_context(ThreadPoolExecutor(1, "ahead"))
            self._end = thread.submit(self._make, parts, done)
            self._opened = opened.pop_all()

    def __iter__(self) -> Iterator[bytes]:
        """Yield each part as soon as it is made; raise what stopped them."""
        taken = 0
        while (size := self._made.get()) is not None:
            yield os.pread(self._file.fileno(), size, taken)
            taken += size
        self._end.result()

    def all(self) -> list[bytes]:
        """Return every part that was made."""
        self._file.seek(0)
        return [self._file.read(size) for size in self._sizes]

    def close(self) -> None:
        """Stop after the part that is being made, and delete the file."""
        self._left = True
        self._opened.close()

    def _make(self, parts: Iterator[bytes], done: Callable[[], object]) -> None:
        try:
            for part in parts:
                self._file.write(part)
                self._file.flush()
                self._sizes.append(len(part))
                self._made.put(len(part))
                if self._left:
                    break
        finally:
            done()
            self._made.put(None)
