"""Files by address: in a folder by default, or in a bucket of an S3 store.

Names are of our own making (`owner/entry-kind`), never a client's.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, TYPE_CHECKING

from api.errors import OUT_OF_FILES, NotReady
from api.storage.folder import Folder
from api.storage.reserve import code_of

if TYPE_CHECKING:
    from api.storage.bucket import Bucket

NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]*(/[0-9A-Za-z][0-9A-Za-z_.-]*)*")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class File:
    """A file in memory and what is in it."""

    content: bytes
    media_type: str

    @property
    def size(self) -> int:
        """Its bytes."""
        return len(self.content)

    def pieces(self) -> Iterable[bytes]:
        """The content, a part at a time."""
        return [self.content]


class Storage:
    """The files under one address: a path, a file:// or an s3://bucket/prefix address.

    Every method raises OSError where this process cannot open more files (OUT_OF_FILES).
    A bucket is asked nothing before it is used: a server may start while it is away.

    Raises:
        OSError: the folder cannot be made.
    """

    def __init__(self, url: str):
        self._place: Folder | Bucket = _bucket(url) if url.startswith("s3://") else Folder(url)

    @property
    def settled_after(self) -> timedelta:
        """How old a file is that has a row by now, if it will ever have one."""
        return self._place.settled_after

    def check(self) -> None:
        """Ask it whether it is there.

        Raises:
            NotReady: it is away, or does not let us in.
        """
        with self._asking(named=False):
            self._place.check()

    def put(self, name: str, content: bytes) -> None:
        """Store a file; nothing is left of one that could not be written whole.

        Raises:
            NotReady: the disk is full, or the store is away.
        """
        with self._writing():
            self._place.put(_checked(name), content)

    def put_stream(self, name: str, chunks: Iterable[bytes]) -> None:
        """Store a file that comes in pieces; it takes its place once it is whole.

        Raises:
            NotReady: the disk is full, or the store is away.
            Exception: whatever the pieces raise; then nothing is stored.
        """
        with self._writing():
            self._place.put_stream(_checked(name), chunks)

    def open(self, name: str) -> IO[bytes]:
        """The file, to read from.

        Raises:
            FileNotFoundError: there is none.
            NotReady: the store is away.
        """
        with self._asking():
            return self._place.open(_checked(name))

    def read(self, name: str) -> bytes:
        """The whole file. Raises as `open` does."""
        with self._asking():
            return self._place.read(_checked(name))

    def pieces(self, name: str, length: int) -> Iterator[bytes]:
        """The whole file, so many bytes at a time. Raises as `open` does."""
        with self._asking(), self._place.open(_checked(name)) as stream:
            yield from iter(lambda: stream.read(length), b"")

    def size(self, name: str) -> int:
        """Its bytes. Raises as `open` does."""
        with self._asking():
            return self._place.size(_checked(name))

    def remove(self, *names: str) -> list[str]:
        """Delete files, and return the names of those that are still there."""
        checked = tuple(map(_checked, names))
        try:
            return self._place.remove(checked)
        except self._place.faults as error:
            log.warning("storage: %s", type(error).__name__)
            return list(checked)

    def remove_owner(self, owner: str) -> bool:
        """Delete all files of one owner; return whether they are gone."""
        checked = _checked(owner)
        try:
            return self._place.remove_owner(checked)
        except self._place.faults as error:
            log.warning("storage: %s", type(error).__name__)
            return False

    def names(self) -> Iterator[tuple[str, datetime]]:
        """Every file, and when it was written; a few at a time, however many there are.

        Raises:
            NotReady: the store is away.
        """
        with self._asking(named=False):
            yield from self._place.names()

    def signed_url(
        self, name: str, seconds: int, *, media_type: str, download_name: str
    ) -> str | None:
        """An address from which anybody can download the file as an attachment for a while.

        None where the files are in a folder, which nobody can reach from outside.

        Raises:
            NotReady: there is nothing to sign with.
        """
        with self._asking():
            return self._place.signed_url(_checked(name), seconds, media_type, download_name)

    def signed_put_url(
        self, name: str, seconds: int, media_type: str | None, size: int | None
    ) -> str | None:
        """An address that anybody can put the file to for a while; None as of `signed_url`.

        It takes a file of that media type and that many bytes only, where they are given.

        Raises:
            NotReady: there is nothing to sign with.
        """
        with self._asking():
            return self._place.signed_put_url(_checked(name), seconds, media_type, size)

    @contextmanager
    def _asking(self, named: bool = True) -> Iterator[None]:
        try:
            yield
        except self._place.faults as error:
            if (named and isinstance(error, FileNotFoundError)) or _is_out_of_files(error):
                raise
            log.warning("storage: %s", type(error).__name__)
            raise NotReady(
                "The file storage is not available at the moment.", "storage_away"
            ) from error

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except self._place.faults as error:
            if _is_out_of_files(error):
                raise
            log.warning("storage: %s", type(error).__name__)
            raise NotReady("The files cannot be stored at the moment.", code_of(error)) from error


def _is_out_of_files(error: Exception) -> bool:
    """Return whether it is no fault of the store: see OUT_OF_FILES."""
    return isinstance(error, OSError) and error.errno in OUT_OF_FILES


def _checked(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError(f"not a name of ours: {name!r}")
    return name


def _bucket(url: str) -> "Bucket":
    from api.storage.bucket import Bucket  # noqa: PLC0415  # 0.3 s and 20 MB that a folder spares

    return Bucket(url)
