"""The files through which gunicorn's workers share their metrics, safe on a full disk.

prometheus_client maps files with holes into memory. Writing to a hole on a full disk ends the
process (SIGBUS). Here every byte has its place on the disk before it is used; a value that finds
none stays in memory, and is written as soon as there is space. See docs/decisions/036.
"""

import logging
import os
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

from prometheus_client import multiprocess, values
from prometheus_client.mmap_dict import MmapedDict

SIZE = 64 * 1024
OVERHEAD = 40  # of one entry: its length, padding, value and time
log = logging.getLogger(__name__)


class AllocatedFile(MmapedDict):
    """A file of metrics without holes; kept in memory alone if there is no space to begin one."""

    def __init__(self, filename: str, read_mode: bool = False):
        try:
            _begin(Path(filename))
            super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]  # upstream
        except OSError as error:
            log.warning("metrics of this process are incomplete: %s", error.strerror)
            self._f: Any = None
            self._m: Any = bytearray(SIZE)
            self._capacity, self._used, self._positions = SIZE, 8, {}

    def read_value(self, key: str) -> tuple[float, float]:
        """Return the value and its time; zeros if there is no space for it."""
        try:
            found: tuple[float, float] = super().read_value(key)  # type: ignore[no-untyped-call]
        except OSError:
            return 0.0, 0.0
        return found

    def write_value(self, key: str, value: float, timestamp: float) -> None:
        """Write the value; without space the caller keeps it, and writes it with the next one."""
        with suppress(OSError):
            super().write_value(key, value, timestamp)  # type: ignore[no-untyped-call]

    def _init_value(self, key: str) -> None:
        size = self._capacity
        while self._used + len(key.encode()) + OVERHEAD > size:
            size *= 2
        if size > self._capacity:
            self._grow(size)
        super()._init_value(key)  # type: ignore[no-untyped-call]

    def _grow(self, size: int) -> None:
        if self._f is None:
            self._m.extend(bytes(size - self._capacity))
            self._capacity = size
        else:
            os.posix_fallocate(self._f.fileno(), 0, size)  # mapped by prometheus_client


def _begin(file: Path) -> None:
    """Make the file if there is none; others never see it without its whole size."""
    if file.exists():
        return
    draft = file.with_suffix(".new")
    try:
        with draft.open("wb") as stream:
            os.posix_fallocate(stream.fileno(), 0, SIZE)
        draft.replace(file)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def use() -> None:
    """Make prometheus_client use these files; call it before any metric is made."""
    values.MmapedDict = AllocatedFile  # type: ignore[attr-defined]  # there is no argument for it


def end(folder: Path, pid: int) -> None:
    """Drop the gauges of a worker that has ended, and give back what its other files don't use."""
    multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]  # upstream
    for file in folder.glob(f"*_{pid}.db"):
        with suppress(OSError), file.open("r+b") as stream:
            (used,) = struct.unpack("i", stream.read(4))
            stream.truncate(max(used, 8))
