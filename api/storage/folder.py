"""Files in a folder of this machine, or one that it has mounted."""

import contextlib
import logging
import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

import fsspec

from api.storage.reserve import refuse_last_bytes

TRIES = 5
log = logging.getLogger(__name__)


class Folder:
    """The files under one folder; what the methods do stands in `Storage`.

    Raises:
        OSError: the folder cannot be made.
    """

    faults = (OSError,)
    # No write to the database takes longer than 5 seconds (see api/http/database.py).
    settled_after = timedelta(seconds=10)

    def __init__(self, url: str):
        self._system, root = fsspec.url_to_fs(url, auto_mkdir=True)
        self._root = root.rstrip("/")
        Path(self._root).mkdir(mode=0o700, parents=True, exist_ok=True)

    def check(self) -> None:
        """Raises OSError where the folder is gone."""
        self._system.modified(self._root)

    def put(self, name: str, content: bytes) -> None:
        """Again where the owner's folder is removed meanwhile. Raises OSError."""
        for _ in range(TRIES):
            # The latter where it goes while it is being made.
            with contextlib.suppress(FileNotFoundError, FileExistsError):
                self.put_stream(name, [content])
                return
        raise FileNotFoundError(name)

    def put_stream(self, name: str, chunks: Iterable[bytes]) -> None:
        """Written beside its place, and moved there. Raises OSError."""
        draft = f"{self._path(name)}-part-{secrets.token_hex(8)}"
        try:
            with self._system.open(draft, "wb") as stream:
                for chunk in chunks:
                    refuse_last_bytes(Path(self._root), len(chunk))
                    stream.write(chunk)
            self._system.mv(draft, self._path(name))
        except BaseException:
            with contextlib.suppress(OSError):
                self._system.rm_file(draft)
            raise

    def open(self, name: str) -> IO[bytes]:
        """Raises OSError."""
        return self._system.open(self._path(name), "rb")  # type: ignore[no-any-return]

    def read(self, name: str) -> bytes:
        """Raises OSError."""
        with self.open(name) as stream:
            return stream.read()

    def size(self, name: str) -> int:
        """Raises OSError."""
        return int(self._system.size(self._path(name)))

    def remove(self, names: tuple[str, ...]) -> list[str]:
        """One by one: one that cannot be deleted does not save the others."""
        return [name for name in names if not self._is_removed(name)]

    def _is_removed(self, name: str) -> bool:
        try:
            self._system.rm_file(self._path(name))
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError as error:
            log.warning("storage: %s", error.strerror)
            return False
        return True

    def remove_owner(self, owner: str) -> bool:
        """Again and again, since it fails when one is added meanwhile."""
        for _ in range(TRIES):
            with contextlib.suppress(OSError):
                self._system.rm(self._path(owner), recursive=True)
            if not self._system.exists(self._path(owner)):
                return True
        return False

    def names(self) -> Iterator[tuple[str, datetime]]:
        """A folder at a time."""
        for folder, _, files in self._system.walk(self._root):
            for file in files:
                path = f"{folder}/{file}"
                with contextlib.suppress(FileNotFoundError):
                    yield path.removeprefix(f"{self._root}/"), self._system.modified(path)

    def signed_url(self, *_: object) -> None:
        """There is none."""

    def signed_put_url(self, *_: object) -> None:
        """There is none."""

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"
