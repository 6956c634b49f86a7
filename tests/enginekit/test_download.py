"""Downloads: whole, continued, broken, wrong; from a real server and from a folder."""

import hashlib
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.enginekit.catalogue import Entry, ModelFile
from api.enginekit.download import fetch, read_text, source_of
from api.errors import NotFound, NotReady, Unusable

DATA = bytes(range(256)) * 4000
SHA = f"sha256:{hashlib.sha256(DATA).hexdigest()}"
MD5 = f"md5:{hashlib.md5(DATA).hexdigest()}"
FILE = ModelFile(name="w.h5", bytes=len(DATA), hash=SHA)
Web = Callable[..., Any]


def quiet(what: str, done: int, total: int) -> None:
    """No progress."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "w.h5").write_bytes(DATA)
    return tmp_path / "source"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "w.h5"


@pytest.mark.parametrize("published", [SHA, MD5, ""])
def test_a_whole_file_arrives(web: Web, folder: Path, target: Path, published: str) -> None:
    """It comes unchanged, checked by either hash or by size alone, and progress reaches the end."""
    seen: list[tuple[str, int, int]] = []
    file = ModelFile(name="w.h5", bytes=len(DATA), hash=published)
    fetch(f"{web(folder).url}/w.h5", file, target, lambda *now: seen.append(now))
    assert target.read_bytes() == DATA
    assert seen[0] == ("w.h5", 0, len(DATA))
    assert seen[-1] == ("w.h5", len(DATA), len(DATA))


def test_a_broken_transfer_goes_on_where_it_stopped(web: Web, folder: Path, target: Path) -> None:
    """What had come is kept, and the next attempt asks for the rest only."""
    with pytest.raises(NotReady, match="broke"):
        fetch(f"{web(folder, cut=300_000).url}/w.h5", FILE, target, quiet)
    kept = target.stat().st_size
    assert 200_000 < kept <= 300_000
    server = web(folder)
    fetch(f"{server.url}/w.h5", FILE, target, quiet)
    assert target.read_bytes() == DATA
    assert server.asked == [("/w.h5", f"bytes={kept}-")]


def test_a_server_without_ranges_starts_over(web: Web, folder: Path, target: Path) -> None:
    """The beginning is not appended to what was there."""
    target.write_bytes(DATA[:1000])
    fetch(f"{web(folder, ranges=False).url}/w.h5", FILE, target, quiet)
    assert target.read_bytes() == DATA


def test_a_folder_goes_on_where_it_stopped(folder: Path, target: Path) -> None:
    """A folder mirror is continued too, by path and by file:// address."""
    for source in (str(folder / "w.h5"), (folder / "w.h5").as_uri()):
        target.write_bytes(DATA[:1000])
        seen: list[int] = []
        fetch(source, FILE, target, lambda _what, done, _total, seen=seen: seen.append(done))
        assert target.read_bytes() == DATA
        assert seen[0] == 1000


def test_a_complete_file_asks_nobody(target: Path) -> None:
    """A file that is there already is only checked."""
    target.write_bytes(DATA)
    fetch("http://127.0.0.1:1/w.h5", FILE, target, quiet)


@pytest.mark.parametrize("there", [DATA, DATA + b"more"], ids=["complete", "too long"])
def test_unknown_size(web: Web, folder: Path, target: Path, there: bytes) -> None:
    """Without a size in the catalogue, a complete file is recognised and a longer one replaced."""
    target.write_bytes(there)
    fetch(f"{web(folder).url}/w.h5", ModelFile(name="w.h5", hash=MD5), target, quiet)
    assert target.read_bytes() == DATA


@pytest.mark.parametrize("content", [DATA[:-1], DATA + b"x", DATA[:-1] + b"!"])
@pytest.mark.parametrize("mirror", ["web", "folder"])
def test_wrong_bytes_are_deleted(
    web: Web, folder: Path, target: Path, content: bytes, mirror: str
) -> None:
    """Too short, too long or changed: refused, deleted, and said so."""
    (folder / "w.h5").write_bytes(content)
    source = f"{web(folder).url}/w.h5" if mirror == "web" else str(folder / "w.h5")
    with pytest.raises(Unusable, match="deleted") as caught:
        fetch(source, FILE, target, quiet)
    assert caught.value.code == "model_damaged"
    assert not target.exists()


def test_a_wrong_beginning_heals_at_the_second_attempt(folder: Path, target: Path) -> None:
    """Garbage in the partial file costs one attempt, not every one."""
    target.write_bytes(b"garbage")
    with pytest.raises(Unusable):
        fetch(str(folder / "w.h5"), FILE, target, quiet)
    fetch(str(folder / "w.h5"), FILE, target, quiet)
    assert target.read_bytes() == DATA


@pytest.mark.parametrize(("status", "kind"), [(404, NotFound), (503, NotReady), (403, NotReady)])
def test_a_server_that_refuses(
    web: Web, folder: Path, target: Path, status: int, kind: type[Exception]
) -> None:
    """A missing file and a server in trouble are told apart."""
    with pytest.raises(kind):
        fetch(f"{web(folder, status=status).url}/w.h5", FILE, target, quiet)


@pytest.mark.parametrize("source", ["http://127.0.0.1:1/w", "http://host.invalid/w", "http://[/w"])
def test_nobody_there(target: Path, source: str) -> None:
    """No connection, no such host and no address at all are one-line errors."""
    with pytest.raises((NotReady, NotFound)) as caught:
        fetch(source, FILE, target, quiet, patience_s=5)
    assert "\n" not in str(caught.value)


def test_a_silent_server_costs_only_the_patience(target: Path) -> None:
    """A server that takes the connection and says nothing is given up in time."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        began = time.monotonic()
        with pytest.raises(NotReady, match="does not answer"):
            fetch(f"http://127.0.0.1:{mute.getsockname()[1]}/w", FILE, target, quiet, 0.3)
    assert time.monotonic() - began < 2


def test_a_mirrors_password_is_not_shown(web: Web, folder: Path, target: Path) -> None:
    """Neither a missing file nor a missing server gives it away."""
    host = web(folder).url.removeprefix("http://")
    for source in (f"http://me:secret@{host}/gone", "http://me:secret@127.0.0.1:1/w"):
        with pytest.raises((NotFound, NotReady)) as caught:
            fetch(source, FILE, target, quiet)
        assert "secret" not in str(caught.value)


def test_a_missing_file_in_a_folder(folder: Path, target: Path) -> None:
    """The path is named."""
    with pytest.raises(NotFound, match=r"nothing\.h5"):
        fetch(str(folder / "nothing.h5"), FILE, target, quiet)


def test_a_text_without_end_is_refused(folder: Path) -> None:
    """A mirror's catalogue cannot fill the memory."""
    (folder / "catalog.toml").write_bytes(b"#" * 2_000_000)
    with pytest.raises(Unusable, match="too large"):
        read_text(str(folder / "catalog.toml"))


def test_where_a_file_comes_from() -> None:
    """The mirror first, by path or by model and file name; else the address; else an error."""
    entry = Entry(name="m", task="classify")
    plain, placed = ModelFile(name="w.h5"), ModelFile(name="w.h5", path="a/b.h5")
    assert source_of(entry, plain, "/mirror/") == "/mirror/m/w.h5"
    assert source_of(entry, placed, "http://mirror") == "http://mirror/a/b.h5"
    assert source_of(entry, ModelFile(name="w", url="https://x/y"), "") == "https://x/y"
    with pytest.raises(NotFound, match="no url"):
        source_of(entry, plain, "")
