"""Disk space held back for small writes, so that people can sign in and delete on a full disk."""

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

# SQLite writes a sign-in to its log first, which may grow to 4 MB before it is used again.
MOST_BYTES, LEAST_BYTES, SHARE = 8_000_000, 500_000, 40
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)
# What S3 servers answer when they are full, or when a quota is.
FULL_STATUS, FULL_WORDS = 507, ("quota", "storagefull", "insufficientstorage")


def code_of(error: BaseException) -> str:
    """Return the code of the problem that an error of a disk or an S3 server means for clients."""
    number = getattr(error, "errno", None)
    if number in FULL or _is_full_store(error):
        return "storage_full"
    return "storage_read_only" if number in READ_ONLY else "storage_away"


def _is_full_store(error: BaseException | None) -> bool:
    while error is not None:
        answer = getattr(error, "response", None)
        if isinstance(answer, dict):
            status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
            code = str(answer.get("Error", {}).get("Code", "")).lower()
            return status == FULL_STATUS or any(word in code for word in FULL_WORDS)
        error = error.__cause__
    return False


def size_for(folder: Path) -> int:
    """Return how many bytes to hold back on the disk of this folder."""
    share = shutil.disk_usage(folder).total // SHARE
    return min(MOST_BYTES, max(LEAST_BYTES, share))


def margin_for(folder: Path) -> int:
    """Return how many bytes stored files must leave free."""
    return size_for(folder) // 4


def refuse_last_bytes(folder: Path, count: int) -> None:
    """Refuse to store so many bytes if small writes would then find no space.

    Raises:
        OSError: ENOSPC.
    """
    if shutil.disk_usage(folder).free < count + margin_for(folder):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class Reserve:
    """A file that occupies space; it is deleted once the disk is full, and made again later."""

    def __init__(self, folder: Path):
        self._folder, self._file = folder, folder / "reserve"

    def hold(self) -> bool:
        """Return whether there is space for more than small writes.

        Deletes the file if the disk is full, and makes it again once there is space for it. A disk
        that cannot be asked counts as one with space: whoever writes to it will find out.
        """
        try:
            if not self._file.exists():
                return self._make()
            if shutil.disk_usage(self._folder).free >= margin_for(self._folder):
                return True
        except OSError:
            return True
        self.release()
        return False

    def release(self) -> None:
        """Delete the file."""
        with suppress(OSError):
            self._file.unlink()

    def _make(self) -> bool:
        """Make the file if there is space for it and for some files beside it."""
        size, margin = size_for(self._folder), margin_for(self._folder)
        if shutil.disk_usage(self._folder).free < size + 2 * margin:
            return False
        draft = self._file.with_name(f"reserve-{os.getpid()}")
        try:
            with draft.open("wb") as file:
                # A quota shows only here. More than is kept, or it would be full again at once.
                os.posix_fallocate(file.fileno(), 0, size + 2 * margin)
                file.truncate(size)
            draft.replace(self._file)
        except OSError as error:
            with suppress(OSError):
                draft.unlink()
            return error.errno not in FULL
        return True
