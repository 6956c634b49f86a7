"""A server on a full disk goes on and says so; deleting history makes all well again."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import httpx
import psutil
import pytest
from disks import Disk
from servers import Server
from stored import picture

pytestmark = pytest.mark.slow
LIMIT_S = 5.0
CLASSIFY, HISTORY, LOGIN = "/api/v1/classify", "/api/v1/history", "/api/v1/auth/login"
BODY = {"email": "ada@example.com", "password": "ten thousand small lamps"}
# Reading, signing in and deleting work; whatever stores more is refused.
WORKS = [
    ("GET", "/health/live", {}), ("GET", "/health/ready", {}), ("GET", "/metrics", {}),
    ("GET", "/openapi.json", {}), ("GET", "/docs", {}), ("GET", HISTORY, {}),
    ("GET", "/api/v1/users/me", {}), ("GET", "/api/v1/jobs", {}), ("GET", "/api/v1/models", {}),
    ("POST", LOGIN, {"json": BODY}), ("PATCH", "/api/v1/users/me", {"json": {"name": "Ada"}}),
    ("GET", "/api/v1/auth/sessions", {}),
]  # fmt: skip
SOUND = {"json": {"text": "Good morning."}}
PICTURE = {"content": picture(), "headers": {"Content-Type": "image/png"}}
REFUSED = [
    ("POST", CLASSIFY, PICTURE), ("POST", "/api/v1/ocr", PICTURE), ("POST", "/api/v1/tts", SOUND),
    ("POST", "/api/v1/tts/marks", SOUND), ("POST", "/api/v1/uploads", {"json": {}}),
    ("POST", CLASSIFY, {**PICTURE, "headers": {**PICTURE["headers"], "Prefer": "respond-async"}}),
    ("POST", CLASSIFY, {"files": {"image": ("x.png", os.urandom(900_000))}}),
]  # fmt: skip


class Caller:
    """Asks, and sees to it that every answer comes in time."""

    def __init__(self, server: Server):
        self.client = httpx.Client(base_url=server.url, timeout=30)
        self.client.headers.update(server.bearer(BODY["email"]))

    def ask(self, method: str, path: str, more: dict[str, object]) -> httpx.Response:
        began = time.monotonic()
        answer = self.client.request(method, path, **more)  # type: ignore[arg-type]
        assert time.monotonic() - began < LIMIT_S, (method, path)
        return answer

    def ask_all(self) -> None:
        """Each route has its status."""
        for method, path, more in WORKS:
            assert self.ask(method, path, more).status_code == 200, path
        for method, path, more in REFUSED:
            answer = self.ask(method, path, more)
            assert (answer.status_code, answer.json()["code"]) == (503, "storage_full"), path
            assert answer.headers["Retry-After"]

    def classify(self) -> int:
        return self.ask("POST", CLASSIFY, PICTURE).status_code


def test_a_full_disk(small_disk: Disk, serve: Callable[..., Server]) -> None:
    """Twice, for somebody else may take the space that was held back, too; with a worker killed."""
    server = serve(PERCEPT_DATA_DIR=str(small_disk.folder / "data"), PERCEPT_RATE_LIMITS="off")
    ada = Caller(server)
    entries = [ada.ask("POST", CLASSIFY, PICTURE).json()["id"] for _ in range(20)]
    big = {"content": bytes(3_000_000), "headers": {"Content-Type": "application/octet-stream"}}
    upload = ada.ask("POST", "/api/v1/uploads", {"json": {}}).json()
    assert ada.ask("PUT", upload["url"].removeprefix(server.url), big).status_code == 204
    workers = [child.pid for child in psutil.Process(server.process.pid).children()]
    for _ in range(2):
        small_disk.fill()
        ada.ask_all()
        assert ada.ask("DELETE", f"{HISTORY}/{entries.pop()}", {}).status_code == 204
    assert [child.pid for child in psutil.Process(server.process.pid).children()] == workers
    os.kill(workers[0], signal.SIGKILL)
    until(lambda: ada.client.get("/health/ready").status_code == 200)
    ada.ask_all()
    stored = {file.name for file in (small_disk.folder / "data" / "files").rglob("*-input")}
    assert stored == {f"{entry}-input" for entry in entries}
    (ada.ask("DELETE", HISTORY, {}), ada.ask("DELETE", f"/api/v1/uploads/{upload['id']}", {}))
    until(lambda: ada.classify() == 200)
    for method, path, more in WORKS:
        assert ada.ask(method, path, more).status_code == 200
    ada.client.close()


def until(is_well: Callable[[], bool]) -> None:
    """Waits for it for 20 seconds."""
    deadline = time.monotonic() + 20
    while True:
        with suppress(httpx.TransportError):
            if is_well():
                return
        assert time.monotonic() < deadline
        time.sleep(0.2)
