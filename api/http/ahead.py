"""Parts of an answer that are made ahead of a slow client, which then keeps nobody waiting."""

import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue


class Ahead:
    """Makes parts in a thread of its own, and keeps them in a temporary file.

    Making them must need no request. `done` is called in that thread when no more are made.
    """

    def __init__(self, parts: Iterator[bytes], done: Callable[[], object]) -> None:
        self._file = tempfile.TemporaryFile(prefix="percept-")  # noqa: SIM115
        self._sizes: list[int] = []
        # The size of each part, then what ended them: an exception, or None.
        self._made: SimpleQueue[int | BaseException | None] = SimpleQueue()
        self._left = False
        self._thread = threading.Thread(target=self._make, args=(parts, done), daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[bytes]:
        """Yield each part as soon as it is made; raise what stopped them."""
        taken = 0
        while isinstance(made := self._made.get(), int):
            yield os.pread(self._file.fileno(), made, taken)
            taken += made
        if made is not None:
            raise made

    def all(self) -> list[bytes]:
        """Return every part that was made."""
        self._file.seek(0)
        return [self._file.read(size) for size in self._sizes]

    def close(self) -> None:
        """Stop after the part that is being made, and delete the file."""
        self._left = True
        self._thread.join()
        self._file.close()

    def _make(self, parts: Iterator[bytes], done: Callable[[], object]) -> None:
        end = None
        try:
            for part in parts:
                self._file.write(part)
                self._file.flush()
                self._sizes.append(len(part))
                self._made.put(len(part))
                if self._left:
                    break
        except BaseException as error:  # noqa: BLE001 - it is raised where the parts are taken
            end = error
        finally:
            done()
            self._made.put(end)
