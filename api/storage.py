"""Files by address: a folder by default, through fsspec.

Names are of our own making (`owner/entry-kind`), never a client's.
"""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

import fsspec
from fsspec.implementations.local import LocalFileSystem

from api.errors import NotReady

NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]*(/[0-9A-Za-z][0-9A-Za-z_.-]*)*")
TRIES = 5


@dataclass(frozen=True)
class File:
    """A file in memory and what is in it."""

    content: bytes
    media_type: str


class Storage:
    """The files under one address: a path or a URL that fsspec knows.

    Raises:
        OSError: the folder cannot be made.
    """

    def __init__(self, url: str):
        self._system, root = fsspec.url_to_fs(url, auto_mkdir=True)
        self._root = root.rstrip("/")
        if isinstance(self._system, LocalFileSystem):
            Path(self._root).mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, name: str, content: bytes) -> None:
        """Store a file; nothing is left of one that could not be written whole.

        Raises:
            NotReady: the disk is full or away.
        """
        try:
            self._system.pipe_file(self._path(name), content)
        except OSError as error:
            self.remove(name)
            raise NotReady("The files cannot be stored at the moment.", "storage_full") from error

    def open(self, name: str) -> IO[bytes]:
        """The file, to read from.

        Raises:
            FileNotFoundError: there is none.
        """
        return self._system.open(self._path(name), "rb")  # type: ignore[no-any-return]

    def size(self, name: str) -> int:
        """Its bytes. Raises FileNotFoundError."""
        return int(self._system.size(self._path(name)))

    def remove(self, *names: str) -> None:
        """Delete files; those that are gone already do not matter."""
        for name in names:
            with contextlib.suppress(OSError):
                self._system.rm_file(self._path(name))

    def remove_owner(self, owner: str) -> None:
        """Delete all files of one owner."""
        for _ in range(TRIES):  # it fails when one is added meanwhile
            with contextlib.suppress(OSError):
                self._system.rm(self._path(owner), recursive=True)
            if not self._system.exists(self._path(owner)):
                break

    def names(self) -> Iterator[tuple[str, datetime]]:
        """Every file, and when it was written; a folder at a time, however many there are."""
        for folder, _, files in self._system.walk(self._root):
            for file in files:
                path = f"{folder}/{file}"
                with contextlib.suppress(FileNotFoundError):
                    yield path.removeprefix(f"{self._root}/"), self._system.modified(path)

    def _path(self, name: str) -> str:
        if not NAME.fullmatch(name):
            raise ValueError(f"not a name of ours: {name!r}")
        return f"{self._root}/{name}"
