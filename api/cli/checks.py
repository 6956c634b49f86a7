"""Refuses settings that only this machine can judge, before anything slow begins."""

import os
from pathlib import Path

from api.config import BadSetting, Settings
from api.offer import offered


def check(settings: Settings) -> None:
    """Check the services and the folders.

    Raises:
        BadSetting: one of them can't be used.
    """
    offered(settings)
    _make("PERCEPT_DATA_DIR", settings.data_dir)
    if not os.access(settings.data_dir, os.W_OK | os.X_OK):
        raise BadSetting(f"PERCEPT_DATA_DIR: this user may not write to {settings.data_dir}")
    if not settings.storage.startswith("s3://"):
        _make("PERCEPT_STORAGE_URL", Path(settings.storage.removeprefix("file://")))


def _make(name: str, folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BadSetting(f"{name}: {folder} can't be made ({error.strerror})") from None
