"""Disks that are full or read-only, seen by clients: 503 with the reason, and reading goes on."""

import io
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from backends import PostgresServer
from disks import Disk
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from stored import contents, count, picture

from api.accounts.history import service
from api.app import create_app
from api.config import Settings
from api.db import database
from api.extensions import db
from api.http.auth import Caller
from api.models import HistoryEntry, User

CLASSIFY, ME = "/api/v1/classify", "/api/v1/users/me"


@pytest.fixture
def database_url() -> str:
    """SQLite, which has its file on the disk that is full, whatever other tests run on."""
    return ""


def send(client: FlaskClient, who: Any, **headers: str) -> Any:
    kind = {"Content-Type": "image/png", **headers}
    return client.post(CLASSIFY, data=picture(), headers={**who["headers"], **kind})


def is_refused(answer: Any, code: str) -> bool:
    found = (answer.status_code, answer.get_json().get("code"), "Retry-After" in answer.headers)
    assert found == (503, code, True), answer.text
    return True


def until_refused(client: FlaskClient, who: Any, code: str) -> int:
    """Sends pictures until there is no space for their rows; how many were taken."""
    for taken in range(100):
        if (answer := send(client, who)).status_code != 200:
            assert is_refused(answer, code)
            return taken
    pytest.fail("it was never full")


@contextmanager
def every_connection(app: Flask, pragma: str) -> Iterator[None]:
    with app.app_context():
        engine = db.engine
        engine.dispose()

    def say(connection: Any, _: Any) -> None:
        connection.execute(f"PRAGMA {pragma}")

    event.listen(engine, "connect", say)
    yield
    event.remove(engine, "connect", say)
    engine.dispose()


@pytest.mark.parametrize(
    ("pragma", "code"),
    [("max_page_count = 1", "storage_full"), ("query_only = on", "storage_read_only")],
)
def test_sqlite_that_cannot_write(
    app: Flask, client: FlaskClient, ada: Any, pragma: str, code: str
) -> None:
    """Nothing is stored, reading goes on, and later all is well."""
    with every_connection(app, pragma):
        stored = until_refused(client, ada, code)
        assert client.get(ME, headers=ada["headers"]).status_code == 200
    assert count(app, HistoryEntry) == len(contents(app)) == stored
    assert send(client, ada).status_code == 200


def test_a_reserve_that_sqlite_needs(app: Flask, client: FlaskClient, ada: Any) -> None:
    """It is given away too where only SQLite sees that the disk is full, for a quota perhaps."""
    reserve = app.config["SETTINGS"].data_dir / "reserve"
    assert send(client, ada).status_code == 200
    assert reserve.exists()
    with every_connection(app, "max_page_count = 1"):
        until_refused(client, ada, "storage_full")
    assert not reserve.exists()


def test_a_full_temporary_folder(
    client: FlaskClient, ada: Any, small_disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large form fields are kept there while they arrive."""
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk.folder))
    small_disk.fill()
    head = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
    body, kind = head + bytes(2_000_000) + b"\r\n--x--\r\n", "multipart/form-data; boundary=x"
    headers = {**ada["headers"], "Content-Type": kind}
    assert is_refused(client.post(CLASSIFY, data=body, headers=headers), "storage_full")
    (small_disk.folder / "filler").unlink()
    form = {"image": (io.BytesIO(picture()), "x.png")}
    assert client.post(CLASSIFY, data=form, headers=ada["headers"]).status_code == 200


@pytest.fixture
def on_disk(small_disk: Disk, tmp_path: Path, empty_database: Path) -> Iterator[Flask]:
    """The application with its files on a disk of their own, and its database elsewhere."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "percept.db").write_bytes(empty_database.read_bytes())
    app = create_app(
        Settings(data_dir=data, storage_url=str(small_disk.folder / "files"), log_level="error")
    )
    yield app
    with app.app_context():
        db.engine.dispose()


class TestFilesOnADiskOfTheirOwn:
    """The database can be written, the files can not."""

    @pytest.fixture
    def app(self, on_disk: Flask) -> Flask:
        return on_disk

    def test_full(self, app: Flask, client: FlaskClient, ada: Any, small_disk: Disk) -> None:
        """The margin is for what must be written on a full disk."""
        assert send(client, ada).status_code == 200
        small_disk.fill()
        assert is_refused(send(client, ada), "storage_full")
        assert is_refused(send(client, ada, Prefer="respond-async"), "storage_full")
        assert (count(app, HistoryEntry), len(contents(app))) == (1, 1)
        assert client.delete("/api/v1/history", headers=ada["headers"]).status_code == 204
        assert contents(app) == {}

    def test_read_only(self, app: Flask, client: FlaskClient, ada: Any, small_disk: Disk) -> None:
        """What is there can be downloaded."""
        entry = send(client, ada).get_json()["id"]
        small_disk.make_read_only()
        assert is_refused(send(client, ada), "storage_read_only")
        found = client.get(f"/api/v1/history/{entry}/input", headers=ada["headers"])
        assert found.status_code == 200


@pytest.mark.slow
class TestPostgres:
    """PostgreSQL on a full disk, and one that is a standby."""

    @pytest.fixture
    def app(self, app_on_postgres: Flask) -> Flask:
        return app_on_postgres

    def test_full(
        self, app: Flask, client: FlaskClient, ada: Any, small_disk: Disk,
        common_postgres: PostgresServer,
    ) -> None:  # fmt: skip
        """As with SQLite: said so, nothing stored, and well again by itself."""
        _move(app, "history", small_disk, common_postgres)
        small_disk.fill()
        until_refused(client, ada, "storage_full")
        assert count(app, HistoryEntry) == len(contents(app))
        assert client.get("/api/v1/history", headers=ada["headers"]).status_code == 200
        (small_disk.folder / "filler").unlink()
        assert send(client, ada).status_code == 200

    def test_read_only(self, app: Flask, client: FlaskClient, ada: Any) -> None:
        """Reading goes on."""
        with app.app_context():
            with db.engine.begin() as connection:
                name = connection.exec_driver_sql("SELECT current_database()").scalar_one()
                change = f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'
                connection.exec_driver_sql(change)
            db.engine.dispose()
        assert is_refused(send(client, ada), "storage_read_only")
        assert contents(app) == {}
        assert client.get(ME, headers=ada["headers"]).status_code == 200


def _move(app: Flask, table: str, disk: Disk, server: PostgresServer) -> None:
    """Keep a table on this disk."""
    shutil.chown(disk.folder, "postgres", "postgres")
    for parent in disk.folder.parents:
        if parent.stat().st_mode & 0o001 == 0:
            parent.chmod(parent.stat().st_mode | 0o001)
    url = app.config["SETTINGS"].database_url.replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLESPACE small LOCATION '{disk.folder}'")
        connection.execute(f"ALTER TABLE {table} SET TABLESPACE small")


def test_large_results_on_a_full_disk(small_disk: Disk, empty_database: Path) -> None:
    """They can be deleted, though SQLite writes all that it deletes to its log first."""
    data = small_disk.folder / "data"
    data.mkdir()
    (data / "percept.db").write_bytes(empty_database.read_bytes())
    app = create_app(Settings(data_dir=data, log_level="error"))
    with app.app_context():
        ada = User(email="ada@x.io", email_key="ada@x.io", password_hash="x")
        db.session.add(ada)
        db.session.flush()
        db.session.add_all(
            HistoryEntry(
                user_id=ada.id, service="ocr", model="m", options={}, duration_ms=1,
                result={"text": "x" * 200_000},
            )
            for _ in range(90)
        )  # fmt: skip
        db.session.commit()
        assert not database.reuse_space()
        small_disk.fill()
        service.remove_all(Caller(ada.id, (), frozenset()))
        for _ in range(20):
            database.reuse_space()
        assert not database.reuse_space(), "what was deleted was not given back to the disk"
        db.engine.dispose()
    assert count(app, HistoryEntry) == 0
