"""Keeps the data folder private: it has password hashes, the secret, and people's files."""

import logging
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO
log = logging.getLogger(__name__)


def write_privately() -> None:
    """Let this process and its children make files that only their user can read."""
    os.umask(OTHERS)


def protect(folder: Path) -> None:
    """Make the data folder; take from others what they may do with it and all that is in it.

    What a private folder holds is not looked at: nobody else gets there.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if _is_common(folder):
        log.warning("%s is not only Percept's: PERCEPT_DATA_DIR needs a folder of its own", folder)
        return
    changed = 0
    try:
        for path, mode in _open_to_others(folder, always=True):
            path.chmod(mode & ~OTHERS)
            changed += 1
    except OSError as error:  # a volume that belongs to somebody else, or is read-only
        log.warning("%s cannot be made private: %s", folder, error.strerror)
    if changed:
        log.warning(
            "%s: %d files and folders were open to other users, now private", folder, changed
        )


def _is_common(folder: Path) -> bool:
    """Return whether the folder is everybody's, such as /tmp, or a home."""
    everybodys = folder.stat().st_mode & stat.S_ISVTX
    return bool(everybodys) or folder.resolve() in (Path("/"), Path.home())


def _open_to_others(path: Path, always: bool = False) -> Iterator[tuple[Path, int]]:
    with suppress(FileNotFoundError):  # somebody else tidies up
        mode = path.stat().st_mode if always else path.lstat().st_mode
        if stat.S_ISLNK(mode):
            return
        if mode & OTHERS:
            yield path, stat.S_IMODE(mode)
        if stat.S_ISDIR(mode) and (always or mode & OTHERS):
            for child in path.iterdir():
                yield from _open_to_others(child)
