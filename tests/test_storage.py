"""The storage: files under one root, whole or not at all, and none outside of it."""

import errno
import stat
import threading
from datetime import UTC, datetime, timedelta
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


def test_in_and_out(storage: Storage, root: Path) -> None:
    """What is stored is there under its name, and gone when it is removed, which may be twice."""
    storage.put("ada/1-input", b"hello")
    storage.put("ada/1-input", b"hello!")
    assert files(root) == {"ada/1-input": b"hello!"}
    assert storage.size("ada/1-input") == 6
    with storage.open("ada/1-input") as stream:
        assert stream.read() == b"hello!"
    for _ in range(2):
        storage.remove("ada/1-input", "ada/2-input", "bob/1-input")
    assert files(root) == {}


def test_what_is_not_there(storage: Storage) -> None:
    """Reading it says so."""
    with pytest.raises(FileNotFoundError):
        storage.open("ada/1-input")
    with pytest.raises(FileNotFoundError):
        storage.size("ada/1-input")


def test_nobody_else_may_look(storage: Storage, root: Path) -> None:
    """The folder is for its owner alone."""
    assert stat.S_IMODE(root.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "name",
    ["", "/", "..", "../x", "ada/../../x", "/etc/passwd", "ada//x", "ada/", "~/x", "ada/\0",
     "ada/x\n", ".hidden", "ada/.x", "a b", "http://x", "ada\\x", "é"],
)  # fmt: skip
def test_no_name_leads_outside(storage: Storage, root: Path, name: str) -> None:
    """Names that are not of our making are refused by every method, and nothing happens."""
    storage.put("ada/1-input", b"x")
    for method in (storage.open, storage.size, storage.remove, storage.remove_owner):
        with pytest.raises(ValueError, match="not a name"):
            method(name)  # type: ignore[operator]
    with pytest.raises(ValueError, match="not a name"):
        storage.put(name, b"x")
    assert files(root) == {"ada/1-input": b"x"}


def test_one_owner_goes(storage: Storage, root: Path) -> None:
    """All files of one owner, and nobody else's; to do it again does no harm."""
    for name in ("ada/1-input", "ada/1-output", "ada/2-input", "bob/1-input"):
        storage.put(name, b"x")
    for _ in range(2):
        storage.remove_owner("ada")
    assert files(root) == {"bob/1-input": b"x"}
    assert not (root / "ada").exists()


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


def test_names_with_their_times(storage: Storage) -> None:
    """Every file once, however deep, with the time when it was written."""
    names = {f"{owner}/{n}-input" for owner in ("ada", "bob") for n in range(3)} | {"top"}
    for name in names:
        storage.put(name, b"x")
    found = dict(storage.names())
    assert set(found) == names
    assert all(abs(time - datetime.now(UTC)) < timedelta(minutes=1) for time in found.values())


def test_one_that_goes_while_names_are_told(storage: Storage) -> None:
    """It is left out."""
    for n in range(3):
        storage.put(f"ada/{n}", b"x")
    found = storage.names()
    first, _ = next(found)
    storage.remove(*{"ada/0", "ada/1", "ada/2"} - {first})
    assert list(found) == []


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
def test_a_full_disk(
    storage: Storage, root: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    """What could not be written whole leaves nothing, and is told as something that may pass."""
    whole = storage._system.pipe_file

    def half(path: str, content: bytes, **_: Any) -> None:
        whole(path, content[: len(content) // 2])
        raise OSError(error, "no room")

    monkeypatch.setattr(storage._system, "pipe_file", half)
    with pytest.raises(NotReady) as caught:
        storage.put("ada/1-input", b"0123456789")
    assert caught.value.code == "storage_full"
    assert files(root) == {}


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
