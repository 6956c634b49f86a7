"""Disk space that is held back: given away on a full disk, taken again later."""

from pathlib import Path

import pytest
from disks import Disk

from api.storage.reserve import LEAST_BYTES, Reserve, code_of, margin_for, refuse_last_bytes


def test_on_a_disk_with_space(tmp_path: Path) -> None:
    """The file is there and occupies what it says."""
    reserve = Reserve(tmp_path)
    assert reserve.hold()
    found = (tmp_path / "reserve").stat()
    assert found.st_blocks * 512 >= found.st_size >= LEAST_BYTES
    assert [path.name for path in tmp_path.iterdir()] == ["reserve"]


def test_on_a_full_disk(small_disk: Disk) -> None:
    """It gives its space away, keeps off until there is more than enough, and comes back."""
    reserve = Reserve(small_disk.folder)
    (small_disk.folder / "history").write_bytes(bytes(4_000_000))
    assert reserve.hold()
    small_disk.fill()
    assert [reserve.hold() for _ in range(3)] == [False] * 3
    assert small_disk.free >= LEAST_BYTES
    (small_disk.folder / "history").unlink()
    assert [reserve.hold() for _ in range(3)] == [True] * 3


def test_a_disk_that_is_full_from_the_start(small_disk: Disk) -> None:
    """Nothing is left of a reserve that finds no space."""
    small_disk.fill()
    assert not Reserve(small_disk.folder).hold()
    assert [path.name for path in small_disk.folder.iterdir()] == ["filler"]


@pytest.mark.parametrize("gone", ["missing", "read-only"])
def test_a_disk_that_cannot_be_asked(small_disk: Disk, gone: str) -> None:
    """It is for others to find out what is wrong."""
    if gone == "read-only":
        small_disk.make_read_only()
    folder = small_disk.folder / ("missing" if gone == "missing" else "")
    assert Reserve(folder).hold()


def test_files_leave_a_margin(small_disk: Disk) -> None:
    """Stored files never take the last bytes."""
    margin = margin_for(small_disk.folder)
    refuse_last_bytes(small_disk.folder, small_disk.free - margin)
    with pytest.raises(OSError, match="No space left"):
        refuse_last_bytes(small_disk.folder, small_disk.free - margin + 1)


def refused_with(status: int, code: str) -> Exception:
    """An error as s3fs raises it: what the server said is behind it."""
    cause = OSError("refused")
    cause.response = {  # type: ignore[attr-defined]
        "Error": {"Code": code},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    error = OSError(5, "refused")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("status", "code", "wanted"),
    [
        (507, "XMinioStorageFull", "storage_full"),
        (507, "InsufficientStorage", "storage_full"),
        (403, "QuotaExceeded", "storage_full"),
        (400, "XMinioAdminBucketQuotaExceeded", "storage_full"),
        (403, "AccessDenied", "storage_away"),
        (503, "SlowDown", "storage_away"),
    ],
)
def test_full_object_stores(status: int, code: str, wanted: str) -> None:
    """Each server has words of its own for it."""
    assert code_of(refused_with(status, code)) == wanted
