"""Rows and files never part ways, whatever goes wrong between them."""

import errno
import io
import os
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import delete, event, func, select, update
from sqlalchemy.exc import OperationalError

from api.accounts.history import service
from api.extensions import db
from api.http import history
from api.models import HistoryEntry, IdempotentAnswer, User, new_id, now
from api.storage import File

CLASSIFY = "/api/v1/classify"
OLD = time.time() - 3600
SOUND = File(b"sound", "audio/wav")


def send(client: FlaskClient, person: Any, **headers: str) -> Any:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "navy").save(out, "JPEG")
    form = {"image": (io.BytesIO(out.getvalue()), "x.jpg")}
    return client.post(CLASSIFY, data=form, headers={**person["headers"], **headers})


def root(app: Flask) -> Path:
    return Path(app.config["SETTINGS"].storage)


def files(app: Flask) -> set[str]:
    return {str(p.relative_to(root(app))) for p in root(app).rglob("*") if p.is_file()}


def entries(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(HistoryEntry)) or 0


def stray(app: Flask, name: str, when: float = OLD) -> str:
    """A file in the storage that no entry names."""
    path = root(app) / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x")
    os.utime(path, (when, when))
    return name


@pytest.fixture
def remember(app: Flask, ada: Any) -> Callable[..., str]:
    """Writes an entry of ada's with both files and gives its id."""

    def write(**columns: Any) -> str:
        entry_id, needed = new_id(), {"options": {}, "result": {}, "duration_ms": 1.0}
        with app.app_context():
            both = {"input": SOUND, "output": SOUND}
            more = {"service": "x", "model": "m", **needed, **columns}
            history.write(entry_id, UUID(ada["id"]), both, **more)
        return str(entry_id)

    return write


def test_a_full_disk(
    app: Flask, client: FlaskClient, ada: Any, refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 that says so and when to come back; neither row nor file; later all is well."""
    system = app.extensions["storage"]._place._system

    class Full(io.FileIO):
        def write(self, data: Any, /) -> int:
            super().write(data[:10])
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(system, "open", Full)
        answer = send(client, ada)
        refused(answer, 503, "storage_full")
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
        assert (entries(app), files(app)) == (0, set())
    assert send(client, ada).status_code == 200
    assert (entries(app), len(files(app))) == (1, 1)


@pytest.mark.parametrize("words", ["INSERT INTO history", "COMMIT"])
def test_a_database_that_fails(
    app: Flask, client: FlaskClient, ada: Any, refused: Any, words: str
) -> None:
    """At the row or at the very end: 503, and the file that was there already is gone again."""
    with app.app_context():
        engine = db.engine
    seen: list[set[str]] = []

    def fail(*args: Any) -> None:
        if files(app) and (words == "COMMIT" or words in str(args[2])):
            seen.append(files(app))
            raise OperationalError("x", {}, Exception("disk I/O error"))

    place = "commit" if words == "COMMIT" else "before_cursor_execute"
    event.listen(engine, place, fail)
    answer = send(client, ada)
    event.remove(engine, place, fail)
    refused(answer, 503, "not_available")
    assert len(seen) == 1
    assert (entries(app), files(app)) == (0, set())


@pytest.mark.parametrize("committed", [True, False])
def test_a_connection_that_breaks_at_the_end(
    app: Flask, client: FlaskClient, ada: Any, refused: Any, committed: bool
) -> None:
    """Nobody can know whether the row is there: the file stays if it is, else housekeeping acts."""
    with app.app_context():
        engine = db.engine

    def lose(connection: Any) -> None:
        if files(app):
            (connection.connection.commit if committed else connection.connection.rollback)()
            raise OperationalError("x", {}, Exception("gone"), connection_invalidated=True)

    event.listen(engine, "commit", lose)
    refused(send(client, ada), 503, "not_available")
    event.remove(engine, "commit", lose)
    assert (entries(app), len(files(app))) == (int(committed), 1)
    for name in files(app):
        os.utime(root(app) / name, (OLD, OLD))
    with app.app_context():
        service.repair()
    assert len(files(app)) == int(committed)


def test_deleted_while_the_picture_is_read(
    app: Flask, client: FlaskClient, ada: Any, meanwhile: Any, refused: Any
) -> None:
    """The user was let in and is no more when the answer is there: 401, and nothing is kept."""
    with meanwhile(app, "SELECT users.roles", delete(User).where(User.id == UUID(ada["id"]))):
        refused(send(client, ada), 401, "token_revoked")
    assert (entries(app), files(app)) == (0, set())


def test_deleted_between_file_and_row(
    app: Flask, client: FlaskClient, ada: Any, refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same with the deletion, files included, at the worst of moments."""
    storage = app.extensions["storage"]
    put = storage.put

    def put_and_delete(name: str, content: bytes) -> None:
        put(name, content)
        db.session.execute(delete(User).where(User.id == UUID(ada["id"])))
        db.session.commit()
        storage.remove_owner(ada["id"])

    monkeypatch.setattr(storage, "put", put_and_delete)
    refused(send(client, ada), 401, "token_revoked")
    assert (entries(app), files(app)) == (0, set())


def test_deleted_while_many_ask(app: Flask, client: FlaskClient, ada: Any) -> None:
    """Each request is answered or refused as not signed in; no file outlives the user."""
    found: list[int] = []

    def ask() -> None:
        while 401 not in found:
            found.append(send(app.test_client(), ada).status_code)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    while not found:
        time.sleep(0.01)
    body = {"password": "ten thousand small lamps"}
    gone = client.delete("/api/v1/users/me", json=body, headers=ada["headers"])
    for thread in threads:
        thread.join()
    assert (gone.status_code, set(found)) == (204, {200, 401})
    assert (entries(app), files(app)) == (0, set())


def test_strays_are_removed(app: Flask, remember: Any) -> None:
    """Files whose row was never written, or is gone, go; those of an entry stay."""
    remember()
    kept = files(app)
    for kind in ("input", "output"):
        stray(app, f"{new_id()}/{new_id()}-{kind}")
    for name in kept:
        os.utime(root(app) / name, (OLD, OLD))
    with app.app_context():
        assert (service.repair(), service.repair()) == (2, 0)
    assert files(app) == kept


def test_a_row_that_names_one_file(app: Flask, remember: Any) -> None:
    """A second file with the same id that the row does not name is a stray."""
    entry = remember()
    with app.app_context():
        row = update(HistoryEntry).where(HistoryEntry.id == UUID(entry))
        db.session.execute(row.values(output=None))
        db.session.commit()
    for name in files(app):
        os.utime(root(app) / name, (OLD, OLD))
    with app.app_context():
        assert service.repair() == 1
    (kept,) = files(app)
    assert kept.endswith(f"{entry}-input")


def test_young_files_are_spared(app: Flask) -> None:
    """Their row may be on its way."""
    young = stray(app, f"{new_id()}/{new_id()}-input", time.time() - 8)
    old = stray(app, f"{new_id()}/{new_id()}-input", time.time() - 12)
    with app.app_context():
        assert service.repair() == 1
    assert (young in files(app), old in files(app)) == (True, False)


def test_what_is_not_ours_stays(app: Flask) -> None:
    """Whoever shares the folder keeps their files."""
    names = {"README", "backup/2026.tar", f"{new_id()}/notes.txt", f"{new_id()}-input"}
    for name in names:
        stray(app, name)
    with app.app_context():
        assert service.repair() == 0
    assert files(app) == names


def test_many_strays(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than are looked up at once."""
    monkeypatch.setattr(service, "AT_ONCE", 3)
    for _ in range(10):
        stray(app, f"{new_id()}/{new_id()}-input")
    with app.app_context():
        assert service.repair() == 10
    assert files(app) == set()


def test_old_entries_go_with_their_files(
    app: Flask, remember: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After so many days, however many there are; 0 days means never."""
    monkeypatch.setattr(service, "AT_ONCE", 2)
    for age in (0, 1, 3, 5, 8, 9, 400):
        remember(created_at=now() - timedelta(days=age, minutes=1))
    with app.app_context():
        assert [service.prune(days) for days in (0, 7, 7, 2)] == [0, 3, 0, 2]
    assert (entries(app), len(files(app))) == (2, 4)


def test_twice_with_one_key_is_one_entry(app: Flask, client: FlaskClient, ada: Any) -> None:
    """The same upload with the same Idempotency-Key is computed and kept once."""
    first, again = (send(client, ada, **{"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status_code, first.data) == (200, again.data)
    assert (entries(app), len(files(app))) == (1, 1)
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(IdempotentAnswer)) == 1
