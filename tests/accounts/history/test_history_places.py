"""The history's files in a folder and in a bucket: downloads from here and there, and strays."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient
from uploading import Uploader, stored

from api.accounts.history import service as history_service
from api.extensions import db
from api.http import history
from api.models import HistoryEntry, Job, new_id
from api.storage import File


@pytest.fixture
def entry(app: Flask, ada: Any) -> str:
    """The address of an entry of ada's with both files."""
    entry_id, file = new_id(), File(b"<script>", "text/html; charset=utf-8")
    files = {"input": file, "output": File(b"sound" * 1000, "audio/wav")}
    columns: dict[str, Any] = {"options": {}, "result": {}, "duration_ms": 1.0}
    with app.app_context():
        history.write(entry_id, UUID(ada["id"]), files, service="x", model="m", **columns)
    return f"/api/v1/history/{entry_id}"


def test_downloads(storage_url: str, client: FlaskClient, ada: Any, entry: str) -> None:
    """From here, whole or in part, wherever the files are."""
    whole = client.get(f"{entry}/output", headers=ada["headers"])
    assert (whole.status_code, whole.data) == (200, b"sound" * 1000)
    part = client.get(f"{entry}/output", headers={**ada["headers"], "Range": "bytes=5-9"})
    assert (part.status_code, part.data) == (206, b"sound")


def test_downloads_from_the_store(
    app: Flask, client: FlaskClient, ada: Any, bob: Any, entry: str, refused: Any, storage_url: str
) -> None:
    """With `redirect`, and only from S3, at an address for five minutes."""
    url = f"{entry}/input?redirect=true"
    answer = client.get(url, headers=ada["headers"])
    if storage_url.startswith("s3://"):
        assert (answer.status_code, answer.data) == (307, b"")
        answer = httpx.get(answer.headers["Location"])
        assert "X-Amz-Expires=300" in str(answer.url)
    assert answer.status_code == 200
    assert answer.text == "<script>"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    wanted = f"attachment; filename=percept-{entry.rpartition('/')[2]}-input.html"
    assert answer.headers["Content-Disposition"] == wanted
    assert client.get(f"{entry}/input?redirect=no", headers=ada["headers"]).data == b"<script>"
    refused(client.get(url, headers=bob["headers"]), 404, "not_found")
    app.extensions["storage"].remove(*stored(app))
    refused(client.get(url, headers=ada["headers"]), 404, "not_found")


@pytest.mark.parametrize("query", ["redirect=perhaps", "redirect=1&redirect=1", "colour=red"])
def test_odd_wishes(client: FlaskClient, ada: Any, entry: str, refused: Any, query: str) -> None:
    """They are refused by their name."""
    field = query.partition("=")[0]
    answer = client.get(f"{entry}/input?{query}", headers=ada["headers"])
    refused(answer, 422, "validation_failed", field)


def test_strays(
    storage_url: str, app: Flask, ada: Any, client: FlaskClient, monkeypatch: Any
) -> None:
    """Files that no entry, unfinished job or upload needs go; those of other people stay."""
    storage, owner, upload = (
        app.extensions["storage"],
        ada["id"],
        Uploader(client, ada["headers"]).upload(b"x"),
    )
    jobs = {status: new_id() for status in ("queued", "running", "succeeded", "cancelled")}
    columns: dict[str, Any] = {"user_id": UUID(owner), "service": "ocr", "view": "v", "request": {}}
    more: dict[str, Any] = {"options": {}, "result": {}, "duration_ms": 1.0, "model": "m"}
    entry = HistoryEntry(id=new_id(), user_id=UUID(owner), service="x", **more)
    entry.output = f"{owner}/{entry.id}-2-output"
    alive, ended = list(jobs.values())[:2], list(jobs.values())[2:]
    needed = {f"{owner}/{one}-request-{n}" for one in alive for n in (0, 31)}
    needed |= {f"{owner}/{upload}-upload-part-0123abcd", "notes", f"{owner}/notes-upload"}
    needed |= {entry.output, f"{owner}/{upload}-upload"}
    strays = {f"{owner}/{one}-request-0" for one in ended}
    strays |= {f"{owner}/{new_id()}-{kind}" for kind in ("request-0", "upload", "input", "1-input")}
    strays |= {f"{owner}/{entry.id}-1-output", f"{owner}/{entry.id}-2-output-part-0123abcd"}
    strays |= {f"{owner}/{new_id()}-upload-part-0123abcd"}
    with app.app_context():
        db.session.add_all([entry, *(Job(id=one, status=s, **columns) for s, one in jobs.items())])
        db.session.commit()
        for name in needed | strays:
            storage.put(name, b"x")
        assert history_service.repair() == 0  # they are too young
        later = datetime.now(UTC) + storage.settled_after + timedelta(minutes=1)
        monkeypatch.setattr(history_service, "now", lambda: later)
        assert history_service.repair() == len(strays)
    assert set(stored(app)) == needed
