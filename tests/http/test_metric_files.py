"""The workers' files of metrics: without holes, and harmless on a full disk."""

import subprocess
import sys
from pathlib import Path

import pytest
from disks import Disk
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from api.http import metric_files
from api.http.metric_files import SIZE, AllocatedFile


def name(number: int) -> str:
    return f"a metric with a long name, number {number}"


def read(file: Path) -> dict[str, float]:
    return {key: value for key, value, _, _ in AllocatedFile.read_all_values_from_file(file)}


def is_whole(file: Path) -> bool:
    """Whether every byte of it has its place on the disk."""
    found = file.stat()
    return found.st_blocks * 512 >= found.st_size


def test_every_byte_is_there(tmp_path: Path) -> None:
    """From the beginning and when it grows; what was written stays."""
    file = tmp_path / "counter_1.db"
    metrics = AllocatedFile(str(file))
    assert (file.stat().st_size, is_whole(file)) == (SIZE, True)
    for number in range(2000):
        metrics.write_value(name(number), number, 0.0)
    metrics.close()
    assert file.stat().st_size > SIZE
    assert is_whole(file)
    assert read(file) == {name(number): number for number in range(2000)}


def test_growing_on_a_full_disk(small_disk: Disk) -> None:
    """Values that find no space are written with the next change once there is some."""
    file = small_disk.folder / "counter_1.db"
    metrics = AllocatedFile(str(file))
    small_disk.fill()
    for number in range(2000):
        assert metrics.read_value(name(number))[0] == 0
        metrics.write_value(name(number), 1, 0.0)
    assert file.stat().st_size == SIZE
    assert 0 < len(read(file)) < 2000
    (small_disk.folder / "filler").unlink()
    metrics.write_value(name(1999), 2, 0.0)
    metrics.close()
    assert read(file)[name(1999)] == 2


@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_beginning_without_space(
    small_disk: Disk, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The values are in memory only, however many; the others see no broken file."""
    caplog.set_level("WARNING")
    small_disk.fill()
    if fault == "read-only":
        small_disk.make_read_only()
    metrics = AllocatedFile(str(small_disk.folder / "counter_1.db"))
    for number in range(2000):
        metrics.write_value(name(number), number, 0.0)
    assert metrics.read_value(name(1999))[0] == 1999
    metrics.close()
    assert [path.name for path in small_disk.folder.iterdir()] == ["filler"]
    assert "incomplete" in caplog.text


def test_the_files_of_a_worker_that_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its gauges go, its counters stay and take no more space than they need."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    for kind in ("counter", "gauge_livesum"):
        metrics = AllocatedFile(str(tmp_path / f"{kind}_7.db"))
        metrics.write_value('["percept_x", "percept_x_total", {}, "X."]', 5, 0.0)
        metrics.close()
    metric_files.end(tmp_path, 7)
    left = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert left.keys() == {"counter_7.db"}
    assert max(left.values()) < 100
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    assert b"percept_x_total 5.0" in generate_latest(registry)


def test_the_application_uses_them(tmp_path: Path) -> None:
    """From its first metric on."""
    code = "import api.app"
    env = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=env)
    files = list(tmp_path.glob("*.db"))
    assert files
    assert all(is_whole(file) for file in files)
