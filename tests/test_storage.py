"""The storage: files under one root, whole or not at all, and none outside of it.

All of this holds for a folder and for a bucket alike.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from api.errors import NotReady, TooLarge
from api.storage import Storage


@pytest.fixture
def storage(storage_url: str) -> Storage:
    return Storage(storage_url)


def files(storage: Storage) -> dict[str, bytes]:
    """What is stored, by name."""
    return {name: storage.read(name) for name, _ in storage.names()}


def test_in_and_out(storage: Storage) -> None:
    """What is stored is there under its name, and gone when it is removed, which may be twice."""
    storage.check()
    storage.put("ada/1-input", b"hello")
    storage.put("ada/1-input", b"hello!")
    assert files(storage) == {"ada/1-input": b"hello!"}
    assert storage.size("ada/1-input") == 6
    with storage.open("ada/1-input") as stream:
        assert stream.read() == b"hello!"
    for _ in range(2):
        storage.remove("ada/1-input", "ada/2-input", "bob/1-input")
    assert files(storage) == {}


def test_all_sizes(storage: Storage) -> None:
    """Nothing at all is a file too; a large one comes back whole, and in parts."""
    for content in (b"", bytes(range(256)) * 30_000):
        storage.put("ada/1-input", content)
        assert (storage.size("ada/1-input"), storage.read("ada/1-input")) == (len(content), content)
        with storage.open("ada/1-input") as stream:
            stream.seek(5_300_000)
            assert stream.read(1000) == content[5_300_000:5_301_000]


def test_what_is_not_there(storage: Storage) -> None:
    """Reading it says so."""
    for method in (storage.open, storage.read, storage.size):
        with pytest.raises(FileNotFoundError):
            method("ada/1-input")


ODD_NAMES = [
    "", "/", "..", "../x", "ada/../../x", "/etc/passwd", "ada//x", "ada/", "~/x", "ada/\0",
    "ada/x\n", ".hidden", "ada/.x", "a b", "http://x", "ada\\x", "é",
]  # fmt: skip


def test_no_name_leads_outside(storage: Storage) -> None:
    """Names that are not of our making are refused by every method, and nothing happens."""
    storage.put("ada/1-input", b"x")
    methods: list[Callable[[str], object]] = [
        storage.open,
        storage.read,
        storage.size,
        storage.remove,
        storage.remove_owner,
        lambda name: storage.put(name, b"x"),
        lambda name: storage.put_stream(name, [b"x"]),
        lambda name: storage.signed_url(name, 5, media_type="x/y", download_name="x"),
        lambda name: storage.signed_put_url(name, 5, None, None),
    ]
    for name in ODD_NAMES:
        for method in methods:
            with pytest.raises(ValueError, match="not a name"):
                method(name)
    assert files(storage) == {"ada/1-input": b"x"}


def test_one_owner_goes(storage: Storage) -> None:
    """All files of one owner, and nobody else's; to do it again does no harm."""
    for name in ("ada/1-input", "ada/1-output", "ada/2-input", "ada2/1-input", "bob/1-input"):
        storage.put(name, b"x")
    for _ in range(2):
        storage.remove_owner("ada")
    assert set(files(storage)) == {"ada2/1-input", "bob/1-input"}


def test_names_with_their_times(storage: Storage) -> None:
    """Every file once, however deep, with the time when it was written."""
    names = {f"{owner}/{n}-input" for owner in ("ada", "bob") for n in range(3)} | {"top"}
    for name in names:
        storage.put(name, b"x")
    found = dict(storage.names())
    assert set(found) == names
    assert all(abs(time - datetime.now(UTC)) < timedelta(minutes=1) for time in found.values())


def test_a_file_that_comes_in_pieces(storage: Storage) -> None:
    """It is not there before its last piece is; then it takes the place of the one before."""
    seen: list[dict[str, bytes]] = []

    def pieces() -> Iterator[bytes]:
        for n in range(3):
            seen.append({k: v for k, v in files(storage).items() if k == "ada/1-upload"})
            yield bytes([n]) * 300_000

    for _ in range(2):
        storage.put_stream("ada/1-upload", pieces())
    whole = {"ada/1-upload": b"".join(bytes([n]) * 300_000 for n in range(3))}
    assert files(storage) == whole
    assert seen == [{}] * 3 + [whole] * 3


def test_a_file_that_breaks_off(storage: Storage) -> None:
    """Nothing is left of it, and what was there before stays."""

    def pieces(error: BaseException) -> Iterator[bytes]:
        yield b"new" * 100_000
        raise error

    storage.put("ada/2-upload", b"old")
    for error in (TooLarge("x"), OSError("x"), KeyboardInterrupt()):
        for name in ("ada/1-upload", "ada/2-upload"):
            with pytest.raises((type(error), NotReady)) as caught:
                storage.put_stream(name, pieces(error))
            assert error in (caught.value, caught.value.__cause__)
    assert files(storage) == {"ada/2-upload": b"old"}


def test_many_threads(storage: Storage) -> None:
    """They do not get in each other's way."""
    start = threading.Barrier(8)

    def work(n: int) -> bytes:
        start.wait()
        for k in range(3):
            storage.put(f"ada/{n}-{k}", bytes([n]) * 1000)
        storage.remove(f"ada/{n}-0")
        return storage.read(f"ada/{n}-1")

    with ThreadPoolExecutor(8) as crowd:
        assert list(crowd.map(work, range(8))) == [bytes([n]) * 1000 for n in range(8)]
    assert set(dict(storage.names())) == {f"ada/{n}-{k}" for n in range(8) for k in (1, 2)}
