"""Real servers that share a database and a bucket; one that takes large and broken uploads."""

import io
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpx
import psutil
import pytest
from object_storage import ObjectStore
from PIL import Image
from servers import Server

from api.storage import Storage

pytestmark = pytest.mark.slow
COMMON = {"PERCEPT_RATE_LIMITS": "off", "PERCEPT_WORKERS": "1"}
HISTORY, UPLOADS = "/api/v1/history", "/api/v1/uploads"
QUICK_S, HANG_LIMIT_S = 10, 30
MEGABYTE = 1_000_000


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "navy").save(out, "PNG")
    return out.getvalue()


def names(place: str) -> list[str]:
    return [name for name, _ in Storage(place).names()]


def classify(server: Server, headers: dict[str, str], **sent: Any) -> httpx.Response:
    return server.post("/api/v1/classify", headers=headers, **sent)


def test_two_servers_and_a_bucket(
    serve: Callable[..., Server], own_store: ObjectStore, tmp_path: Path
) -> None:
    """What one stores the other reads and deletes; an upload through one is used by the other."""
    place = own_store.place()
    settings = {
        **COMMON,
        **own_store.variables,
        "PERCEPT_STORAGE_URL": place,
        "PERCEPT_SECRET": "ten thousand small lamps in the dark",
        "DATABASE_URL": f"sqlite:///{tmp_path}/common.db",
    }
    one = serve("one", **settings, PERCEPT_SERVICES="accounts,history,jobs")
    other = serve("other", **settings, PERCEPT_SERVICES="classify,history")
    headers = one.bearer("ada@example.com")
    entry = classify(other, headers, files={"image": picture()}).json()["id"]
    url = f"{HISTORY}/{entry}/input"
    for server in (one, other):
        for path in (url, f"{url}?redirect=true"):
            got = server.get(path, headers=headers, follow_redirects=True)
            assert (got.status_code, got.headers["Content-Type"]) == (200, "image/png")
    assert len(names(place)) == 1
    assert httpx.delete(f"{one.url}{HISTORY}/{entry}", headers=headers).status_code == 204
    assert names(place) == []
    wish = one.post(UPLOADS, headers=headers, json={"media_type": "image/png"}).json()
    assert wish["url"].startswith(own_store.url)
    httpx.put(wish["url"], content=picture(), headers=wish["headers"]).raise_for_status()
    assert classify(other, headers, params={"upload_id": wish["id"]}).status_code == 200
    away_and_back(other, headers, own_store, place)


def away_and_back(server: Server, headers: dict[str, str], store: ObjectStore, place: str) -> None:
    """S3 stops: refused soon, and nothing is in the history; it comes back, and all is well."""
    before = server.get(HISTORY, headers=headers).json()["items"]
    store.stop()
    began = time.monotonic()
    answer = classify(server, headers, files={"image": picture()})
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_away")
    assert answer.headers["Retry-After"]
    assert time.monotonic() - began < QUICK_S
    assert server.get("/health/live").status_code == 200
    got = server.get(f"{HISTORY}/{before[0]['id']}/input", headers=headers)
    assert (got.status_code, got.json()["code"]) == (503, "storage_away")
    assert server.get(HISTORY, headers=headers).json()["items"] == before
    store.start()
    assert classify(server, headers, files={"image": picture()}).status_code == 200
    assert len(names(place)) == 1


def test_a_server_starts_while_its_store_is_away(serve: Callable[..., Server]) -> None:
    """It gets ready, and says of what needs files that it cannot be done now."""
    nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "x"}
    more = {"AWS_SECRET_ACCESS_KEY": "x", "PERCEPT_SERVICES": "accounts,history,jobs,classify"}
    server = serve(**COMMON, **nowhere, **more, PERCEPT_STORAGE_URL="s3://percept")
    headers = server.bearer("ada@example.com")
    assert classify(server, headers, files={"image": picture()}).status_code == 503
    assert server.get(HISTORY, headers=headers).json()["items"] == []


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    """A server of one worker that takes uploads of 300 MB."""
    more = {"PERCEPT_SERVICES": "accounts,history,jobs,classify", "PERCEPT_UPLOAD_MAX_MB": "300"}
    return serve(**COMMON, **more)


def drafts(server: Server) -> list[Path]:
    return [p for p in (server.folder / "data" / "files").rglob("*") if p.is_file()]


def zeros(megabytes: int) -> Iterator[bytes]:
    for _ in range(megabytes):
        yield bytes(MEGABYTE)


def memory(server: Server) -> int:
    """The most that a process of the server has held."""
    family = [psutil.Process(server.process.pid)]
    family += family[0].children(recursive=True)
    status = [Path(f"/proc/{p.pid}/status").read_text() for p in family]
    return max(int(text.split("VmHWM:")[1].split()[0]) * 1024 for text in status)


def test_a_large_file_takes_no_memory(server: Server) -> None:
    """250 MB pass through, announced or in chunks; 301 MB are cut off, and nothing is left."""
    headers = server.bearer("ada@example.com")
    before = memory(server)
    for size, status in ((250, 204), (301, 413)):
        for length in ({}, {"Content-Length": str(size * MEGABYTE)}):
            place = server.post(UPLOADS, headers=headers).json()
            answer = httpx.put(place["url"], content=zeros(size), headers=length, timeout=60)
            assert answer.status_code == status
            state = server.get(f"{UPLOADS}/{place['id']}", headers=headers).json()
            assert state["received"] == (250 * MEGABYTE if status == 204 else None)
            httpx.delete(f"{server.url}{UPLOADS}/{place['id']}", headers=headers)
    assert memory(server) - before < 100 * MEGABYTE
    assert drafts(server) == []


def test_a_client_that_goes_away(server: Server) -> None:
    """Half a file is no file, whichever way it was framed; a whole one is welcome after it."""
    headers = server.bearer("ada@example.com")
    place = server.post(UPLOADS, headers=headers).json()
    for framing in ("Content-Length: 5000", "Transfer-Encoding: chunked"):
        half_sent(server, urlsplit(place["url"]), framing)
        state = server.get(f"{UPLOADS}/{place['id']}", headers=headers).json()
        assert state["received"] is None
    assert httpx.put(place["url"], content=picture()).status_code == 204
    assert classify(server, headers, params={"upload_id": place["id"]}).status_code == 200


def half_sent(server: Server, url: SplitResult, framing: str) -> None:
    """A file that has begun to lie on the disk, and is gone after its client went."""
    head = f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n"
    until = time.monotonic() + HANG_LIMIT_S
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(head.encode() + b"3e8\r\n" + b"x" * 1000 + b"\r\n")
        while not drafts(server):
            assert time.monotonic() < until
            time.sleep(0.02)
    while drafts(server):
        assert time.monotonic() < until
        time.sleep(0.02)
