"""Small disks of their own for tests, which they may fill. Loaded as a pytest plugin."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PIECES = (1 << 20, 1 << 12, 1)


@dataclass
class Disk:
    """A tmpfs."""

    folder: Path

    @property
    def free(self) -> int:
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def fill(self) -> None:
        """Takes the last byte, in a file that nobody else knows."""
        with (self.folder / "filler").open("ab", buffering=0) as file:
            for size in PIECES:
                while True:
                    try:
                        file.write(bytes(size))
                    except OSError:
                        break

    def make_read_only(self) -> None:
        subprocess.run(["mount", "-o", "remount,ro", str(self.folder)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Disk]:
    """A disk of 40 MB, or as large as the test says."""
    folder = tmp_path / "disk"
    folder.mkdir()
    size = getattr(request, "param", "40M")
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("disks can be mounted by root only")
    yield Disk(folder)
    subprocess.run(["umount", "-l", str(folder)], check=True)
