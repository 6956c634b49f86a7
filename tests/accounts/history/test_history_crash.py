"""The history of a real server: killed between file and row, on a full disk, on PostgreSQL."""

import io
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil
import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from servers import Server, database
from sqlalchemy import delete, func, select, text

from api.accounts.history import service
from api.extensions import db
from api.http import history
from api.models import HistoryEntry, User, new_id, now
from api.storage import File

pytestmark = pytest.mark.slow
SERVICES = {"PERCEPT_SERVICES": "accounts,history,classify", "PERCEPT_RATE_LIMITS": "off"}
HANG_LIMIT_S = 30
HISTORY = "/api/v1/history"


def noise(side: int) -> bytes:
    """A picture that no compression makes small: about three bytes a pixel."""
    pixels = random.Random(side).randbytes(side * side * 3)
    out = io.BytesIO()
    Image.frombytes("RGB", (side, side), pixels).save(out, "PNG")
    return out.getvalue()


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def wait_for(condition: Callable[[], Any]) -> None:
    until = time.monotonic() + HANG_LIMIT_S
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def classify(server: Server, headers: dict[str, str], data: bytes) -> httpx.Response:
    return server.post("/api/v1/classify", headers=headers, files={"image": data})


@contextmanager
def locked(server: Server) -> Iterator[None]:
    """Nobody else can write to the history in the server's database meanwhile."""
    with database(server) as connection:
        on_sqlite = connection.dialect.name == "sqlite"
        # A change of nothing takes SQLite's one lock.
        lock = "DELETE FROM history WHERE false" if on_sqlite else "LOCK TABLE history"
        connection.execute(text(lock))
        yield


def test_killed_between_file_and_row(serve: Callable[..., Server]) -> None:
    """The file that was written last is gone soon after the next start; all others are there."""
    server = serve(**SERVICES, PERCEPT_WORKERS="1")
    headers, stored = server.bearer("ada@example.com"), server.folder / "data" / "files"
    kept = classify(server, headers, noise(40)).json()["id"]
    with locked(server), ThreadPoolExecutor(1) as thread:
        asking = thread.submit(classify, server, headers, noise(50))
        wait_for(lambda: len(files(stored)) == 2)
        kill_all(server)
        assert isinstance(asking.exception(), httpx.TransportError)
    assert len(files(stored)) == 2
    for file in files(stored):  # the next start is a while later
        os.utime(file, (time.time() - 60,) * 2)
    again = serve(**SERVICES, PERCEPT_WORKERS="1")
    wait_for(lambda: len(files(stored)) == 1)
    got = again.get(f"{HISTORY}/{kept}/input", headers=headers)
    assert got.status_code == 200
    assert len(again.get(HISTORY, headers=headers).json()["items"]) == 1


def kill_all(server: Server) -> None:
    """As when the machine loses its power."""
    master = psutil.Process(server.process.pid)
    for process in [master, *master.children(recursive=True)]:
        process.send_signal(signal.SIGKILL)
    server.process.wait()


def test_downloads_over_the_wire(serve: Callable[..., Server]) -> None:
    """The bytes, their number and parts of them are the same as with the test client."""
    server = serve(**SERVICES)
    headers, picture = server.bearer("ada@example.com"), noise(700)
    url = f"{HISTORY}/{classify(server, headers, picture).json()['id']}/input"
    whole = server.get(url, headers=headers)
    assert whole.content == picture
    assert whole.headers["Content-Length"] == str(len(picture))
    head = httpx.head(server.url + url, headers=headers)
    assert (head.headers["Content-Length"], head.content) == (str(len(picture)), b"")
    for first, last in ((0, 0), (1000, 900_000), (len(picture) - 7, len(picture) - 1)):
        part = server.get(url, headers={**headers, "Range": f"bytes={first}-{last}"})
        assert (part.status_code, part.content) == (206, picture[first : last + 1])
    with httpx.Client(base_url=server.url, headers=headers) as client:  # one connection
        for span in ("bytes=5-9", "bytes=0-0,4-4", "bytes=9999999-", "bytes=-3"):
            client.get(url, headers={"Range": span})
        assert client.get(url).content == picture


@pytest.fixture
def little(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes, where we may make one; else a test of pretence has to do."""
    place = tmp_path / "little"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    yield place
    if mounted:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_disk_that_is_full(serve: Callable[..., Server], little: Path) -> None:
    """What does not fit is refused whole, what fits is kept, and room that is made is used."""
    server = serve(**SERVICES, PERCEPT_STORAGE_URL=str(little))
    headers, statuses = server.bearer("ada@example.com"), []
    for _ in range(3):
        answer = classify(server, headers, noise(500))
        statuses.append(answer.status_code)
        entries = server.get(HISTORY, headers=headers).json()["items"]
        assert len(files(little)) == len(entries) == statuses.count(200)
    if statuses != [200] * 3:  # it is a small disk indeed
        assert statuses == [200, 200, 503]
        assert (answer.json()["code"], answer.headers["Retry-After"]) == ("storage_full", "2")
        assert httpx.delete(server.url + HISTORY, headers=headers).status_code == 204
        assert classify(server, headers, noise(500)).status_code == 200


@pytest.fixture
def app(app_on_postgres: Flask) -> Flask:
    """The application of these tests."""
    return app_on_postgres


def test_on_postgres(app: Flask, client: FlaskClient, ada: Any, refused: Any) -> None:
    """Written, listed, filtered, paged, downloaded, pruned, repaired and deleted."""
    with app.app_context():
        ids = [write(ada["id"], n) for n in range(6)]
    answer = client.get(f"{HISTORY}?limit=2&service=ocr", headers=ada["headers"]).get_json()
    assert [item["id"] for item in answer["items"]] == ids[:3:-1]
    day = (now() - timedelta(days=2, hours=1)).isoformat()
    query = {"from": day, "to": now().isoformat(), "cursor": answer["next_cursor"]}
    found = client.get(HISTORY, query_string=query, headers=ada["headers"]).get_json()["items"]
    assert [item["id"] for item in found] == [ids[2], ids[1], ids[0]]
    one = client.get(f"{HISTORY}/{ids[0]}", headers=ada["headers"]).get_json()
    assert one["result"] == {"text": "¿qué? \0"}
    assert client.get(f"{HISTORY}/{ids[0]}/input", headers=ada["headers"]).data == b"in"
    with app.app_context():
        assert service.prune(3) == 3
        assert service.repair() == 0
    assert client.delete(f"{HISTORY}/{ids[0]}", headers=ada["headers"]).status_code == 204
    refused(client.get(f"{HISTORY}/{ids[0]}", headers=ada["headers"]), 404, "not_found")
    stored = Path(app.config["SETTINGS"].storage)
    assert len(files(stored)) == 2
    assert client.delete(HISTORY, headers=ada["headers"]).status_code == 204
    assert files(stored) == []


def write(owner: str, days: int) -> str:
    """An entry that is so many days old."""
    entry_id = new_id()
    history.write(
        entry_id,
        UUID(owner),
        {"input": File(b"in", "image/png"), "output": None},
        created_at=now() - timedelta(days=days),
        service="ocr",
        model="m",
        options={"language": "es"},
        duration_ms=1.5,
        result={"text": "¿qué? \0"},
    )
    return str(entry_id)


def test_users_who_go_on_postgres(app: Flask, client: FlaskClient, ada: Any, bob: Any) -> None:
    """Entries and files go with their user; one who is gone already gets no file."""
    with app.app_context():
        write(ada["id"], 0)
        write(bob["id"], 0)
    body = {"password": "ten thousand small lamps"}
    assert client.delete("/api/v1/users/me", json=body, headers=ada["headers"]).status_code == 204
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(HistoryEntry)) == 1
        db.session.execute(delete(User).where(User.id == UUID(bob["id"])))
        db.session.commit()
        with pytest.raises(Exception, match="session has ended"):
            write(bob["id"], 0)
        app.extensions["storage"].remove_owner(bob["id"])
        assert db.session.scalar(select(func.count()).select_from(HistoryEntry)) == 0
    assert files(Path(app.config["SETTINGS"].storage)) == []
