"""Files in a folder: on the disk, for its owner alone, also when the disk is full."""

import errno
import io
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from api.errors import NotReady
from api.storage import Storage


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "files"


@pytest.fixture
def storage(root: Path) -> Storage:
    return Storage(str(root))


def files(root: Path) -> dict[str, bytes]:
    """What lies on the disk, by name."""
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_nobody_else_may_look(storage: Storage, root: Path) -> None:
    """The folder is for its owner alone."""
    assert stat.S_IMODE(root.stat().st_mode) == 0o700


def test_what_lies_on_the_disk(storage: Storage, root: Path) -> None:
    """The file as it is, under its name; an owner who goes leaves no folder."""
    storage.put("ada/1-input", b"x")
    storage.put_stream("ada/1-upload", [b"y", b"z"])
    assert files(root) == {"ada/1-input": b"x", "ada/1-upload": b"yz"}
    storage.remove_owner("ada")
    assert list(root.iterdir()) == []


def test_nobody_can_reach_it_from_outside(storage: Storage) -> None:
    """There are no signed addresses."""
    assert storage.signed_url("ada/1", 5, media_type="x/y", download_name="x") is None
    assert storage.signed_put_url("ada/1", 5, "x/y", 5) is None


def test_one_owner_goes_while_files_come(storage: Storage, root: Path) -> None:
    """Whoever writes at the same moment disturbs nothing."""
    done = threading.Event()

    def write() -> None:
        n = 0
        while not done.is_set():
            n += 1
            try:
                storage.put(f"ada/{n}-input", b"x")
            except NotReady:  # its folder went at that moment
                continue
            storage.remove(f"ada/{n}-input")

    writing = threading.Thread(target=write)
    writing.start()
    for _ in range(50):
        storage.remove_owner("ada")
    done.set()
    writing.join()
    assert files(root) == {}


def test_one_that_goes_while_names_are_told(storage: Storage) -> None:
    """It is left out."""
    for n in range(3):
        storage.put(f"ada/{n}", b"x")
    found = storage.names()
    first, _ = next(found)
    storage.remove(*{"ada/0", "ada/1", "ada/2"} - {first})
    assert list(found) == []


class FullDisk(io.BytesIO):
    """Takes half of what it is given."""

    def __init__(self, path: Path, error: int):
        super().__init__()
        self._path, self._error = path, error

    def write(self, content: Any) -> int:
        self._path.write_bytes(content[: len(content) // 2])
        raise OSError(self._error, "no room")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errno.ENOSPC, "storage_full"),
        (errno.EDQUOT, "storage_full"),
        (errno.EFBIG, "storage_full"),
        (errno.EROFS, "storage_read_only"),
        (errno.EIO, "storage_away"),
    ],
)
def test_a_full_disk(
    storage: Storage, root: Path, monkeypatch: pytest.MonkeyPatch, error: int, code: str
) -> None:
    """What could not be written whole leaves nothing, and is told as something that may pass."""
    storage.put("ada/1-input", b"before")
    monkeypatch.setattr(storage._place._system, "open", lambda p, _: FullDisk(Path(p), error))
    for name in ("ada/1-input", "ada/2-input"):
        with pytest.raises(NotReady) as caught:
            storage.put(name, b"0123456789")
        assert caught.value.code == code
    assert files(root) == {"ada/1-input": b"before"}


def test_a_folder_that_is_gone(storage: Storage, root: Path) -> None:
    """It is told as something that may pass, by whatever needs no file of a certain name."""
    root.rmdir()
    with pytest.raises(NotReady) as caught:
        storage.check()
    assert caught.value.code == "storage_away"
    storage.remove_owner("ada")
    storage.remove("ada/1-input")


@pytest.mark.parametrize("address", ["files", "./files/", "file://{}/files", "{}/files/"])
def test_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """A path, relative or not, or a file:// address: the folder is the same."""
    monkeypatch.chdir(tmp_path)
    storage = Storage(address.format(tmp_path))
    monkeypatch.chdir("/")
    storage.put("ada/1-input", b"x")
    assert files(tmp_path / "files") == {"ada/1-input": b"x"}
    assert [name for name, _ in storage.names()] == ["ada/1-input"]


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    """A file in its place is told at once."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError, match="file"):
        Storage(str(tmp_path / "file" / "files"))


def test_a_folder_that_we_may_not_read(
    storage: Storage, monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    """Something that may pass; it is not said that there is no such file."""
    storage.put("ada/1-input", b"x")

    def shut(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, "shut")

    for name in ("open", "size"):
        monkeypatch.setattr(storage._place._system, name, shut)
    for method in (storage.open, storage.read, storage.size):
        with pytest.raises(NotReady, match="storage is not available"):
            method("ada/1-input")


def test_stored_while_the_owner_goes(tmp_path: Path) -> None:
    """Whoever stores a file finds the folder gone and makes it again; it is no full disk."""
    storage, ended = Storage(str(tmp_path / "files")), threading.Event()

    def remove() -> None:
        while not ended.wait(0.002):
            storage.remove_owner("ada")

    remover = threading.Thread(target=remove)
    remover.start()
    try:
        for number in range(300):
            storage.put(f"ada/{number}", b"x")
    finally:
        ended.set()
        remover.join()
