"""Speech and Idempotency-Key: what was spoken once is read from the history."""

import json
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from api.config import Settings
from api.extensions import db
from api.http import replay
from api.models import HistoryEntry, IdempotentAnswer

LONG = "The ship sailed out of the harbour before the sun came up. " * 8
Again = Callable[..., Any]
Kept = Callable[[], tuple[int, int]]


@pytest.fixture
def speak(client: FlaskClient, ada: dict[str, Any]) -> Again:
    """Speaks, always with the same key, which is another one in each test."""
    headers = {**ada["headers"], "Idempotency-Key": secrets.token_hex()}
    return lambda **body: client.post("/api/v1/tts", json={"text": LONG, **body}, headers=headers)


@pytest.fixture
def kept(app: Flask) -> Kept:
    """Counts what a test added: bytes for repeated requests, and entries of the history."""

    def counted() -> tuple[int, int]:
        with app.app_context():
            sizes = select(func.coalesce(func.sum(func.length(IdempotentAnswer.sealed_answer)), 0))
            entries = select(func.count()).select_from(HistoryEntry)
            return db.session.scalar(sizes) or 0, db.session.scalar(entries) or 0

    size, entries = counted()
    return lambda: (counted()[0] - size, counted()[1] - entries)


@pytest.mark.parametrize(("form", "media_type"), [("mp3", "audio/mpeg"), ("wav", "audio/wav")])
def test_it_is_spoken_once(
    speak: Again, kept: Kept, guest_calls: list[str], form: str, media_type: str
) -> None:
    """The same bytes, headers and entry come again; the database has a reference to the file."""
    first = speak(format=form)
    spoken = len(guest_calls)
    second = speak(format=form)
    assert len(guest_calls) == spoken
    assert first.data == second.data
    assert len(first.data) > 20_000
    told = ("Content-Location", "Content-Length", "Content-Type")
    for name in (*told, "Content-Language", "Language-Confidence"):
        assert first.headers[name] == second.headers[name]
    assert second.headers["Content-Type"] == media_type
    size, entries = kept()
    assert size < 1_000
    assert entries == 1


def test_an_entry_that_was_deleted(client: FlaskClient, ada: dict[str, Any], speak: Again) -> None:
    """What its owner deleted does not come back: 409 says so."""
    place = speak().headers["Content-Location"]
    assert client.delete(place, headers=ada["headers"]).status_code == 204
    answer = speak()
    assert (answer.status_code, answer.get_json()["code"]) == (409, "answer_deleted")


@pytest.mark.parametrize(("most", "entries"), [(10_000_000, 1), (1_000, 2)])
def test_without_stored_files(
    app: Flask,
    settings: Settings,
    speak: Again,
    kept: Kept,
    monkeypatch: pytest.MonkeyPatch,
    most: int,
    entries: int,
) -> None:
    """Small sounds are sealed in the database; larger ones are not kept, and made once more."""
    off = settings.model_copy(update={"store_inputs": False})
    monkeypatch.setitem(app.config, "SETTINGS", off)
    monkeypatch.setattr(replay, "MOST_BYTES", most)
    first, second = speak(format="wav"), speak(format="wav")
    assert first.status_code == second.status_code == 200
    assert abs(len(first.data) - len(second.data)) < 0.02 * len(first.data)
    assert kept()[1] == entries
    assert (kept()[0] > len(first.data)) == (entries == 1)


def test_marks_again(client: FlaskClient, ada: dict[str, Any], kept: Kept) -> None:
    """Speech marks, which are no sound, come again from their file too."""
    headers = {**ada["headers"], "Idempotency-Key": "marks"}
    first, second = (
        client.post("/api/v1/tts/marks", json={"text": "Hello there."}, headers=headers)
        for _ in range(2)
    )
    assert first.data == second.data
    assert json.loads(first.data.splitlines()[0])["type"] == "sentence"
    assert kept()[1] == 1
