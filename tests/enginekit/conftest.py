"""A real HTTP server with its manners to choose, and a small store beside a folder mirror."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from api.enginekit import guests
from api.enginekit.manifest import read_manifest, write_manifest
from api.enginekit.store import ModelStore

WEIGHTS = bytes(range(256)) * 1000
CATALOGUE = f"""
[small]
task = "classify"
rank = 10
embedded = true
engines = {{ litert = "small.tflite" }}
files = [{{ name = "small.tflite" }}]
[big]
task = "classify"
rank = 20
labels = "labels.txt"
files = [
  {{ name = "w.h5", bytes = {len(WEIGHTS)}, hash = "md5:{hashlib.md5(WEIGHTS).hexdigest()}" }},
  {{ name = "labels.txt" }},
]
[words]
task = "ocr"
files = [{{ name = "eng.dat", bytes = 3, url = "http://127.0.0.1:1/eng.dat" }}]
"""


class FileServer(ThreadingHTTPServer):
    """Serves `folder`; `ranges`: heeds Range. `cut`: breaks off after so many bytes."""

    daemon_threads = True

    def __init__(self, folder: Path, *, ranges: bool = True, cut: int = 0, status: int = 200):
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder, self.ranges, self.cut, self.status = folder, ranges, cut, status
        self.asked: list[tuple[str, str]] = []
        Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FileServer

    def do_GET(self) -> None:
        wanted = self.headers.get("Range", "")
        self.server.asked.append((self.path, wanted))
        file = self.server.folder / self.path.lstrip("/")
        if self.server.status != 200 or not file.is_file():
            return self._answer(self.server.status if self.server.status != 200 else 404, b"")
        body = file.read_bytes()
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if not wanted or not self.server.ranges:
            return self._answer(200, body)
        if start >= len(body):
            return self._answer(416, b"", f"bytes */{len(body)}")
        return self._answer(206, body[start:], f"bytes {start}-{len(body) - 1}/{len(body)}")

    def _answer(self, status: int, body: bytes, span: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if span:
            self.send_header("Content-Range", span)
        self.end_headers()
        self.wfile.write(body[: self.server.cut] if self.server.cut else body)
        self.close_connection = True

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def web() -> Iterator[Callable[..., FileServer]]:
    """Starts servers: web(folder, ranges=True, cut=0, status=200)."""
    servers: list[FileServer] = []

    def start(folder: Path, **manners: int) -> FileServer:
        servers.append(FileServer(folder, **manners))  # type: ignore[arg-type]
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def fake_converter(folder: Path) -> None:
    """Stands in for TensorFlow: makes model.tflite and notes it."""
    (folder / "model.tflite").write_bytes(b"converted")
    entry = read_manifest(folder).entry
    write_manifest(folder, replace(entry, engines={"litert": "model.tflite"}, output="logits"))


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    (tmp_path / "mirror" / "big").mkdir(parents=True)
    (tmp_path / "mirror" / "big" / "w.h5").write_bytes(WEIGHTS)
    (tmp_path / "mirror" / "big" / "labels.txt").write_text("cat\ndog\n")
    return tmp_path / "mirror"


@pytest.fixture
def store(tmp_path: Path, mirror: Path) -> ModelStore:
    (tmp_path / "builtin" / "small").mkdir(parents=True)
    (tmp_path / "builtin" / "small" / "small.tflite").write_bytes(b"1234")
    (tmp_path / "builtin" / "catalog.toml").write_text(CATALOGUE)
    return ModelStore(
        tmp_path / "models", tmp_path / "builtin", str(mirror), {"classify": fake_converter}
    )


@pytest.fixture
def weights() -> bytes:
    """What the mirror has as big/w.h5."""
    return WEIGHTS


@pytest.fixture
def converter() -> Callable[[Path], None]:
    """The store's converter."""
    return fake_converter


@pytest.fixture
def losses() -> Iterator[list[tuple[str, str]]]:
    """Two guests, and who was lost; those that are there already are used."""
    heard: list[tuple[str, str]] = []
    guests.configure(2, 1500, lambda task, reason: heard.append((task, reason)))
    yield heard
    guests.configure(2, 1500)
