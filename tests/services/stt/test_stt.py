"""POST /stt, over the test client with the embedded recogniser."""

import io
import json
import struct
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from api.config import Settings
from api.enginekit.store import ModelStore
from api.services.stt.service import Wanted, choose

PATH = "/api/v1/stt"
HISTORY = "/api/v1/history"
Person = dict[str, Any]


def send(client: FlaskClient, person: Person, data: bytes, query: str = "") -> Any:
    """A recording as a multipart field."""
    form = {"audio": (io.BytesIO(data), "x.wav")}
    return client.post(PATH + query, data=form, headers=person["headers"])


def entries(client: FlaskClient, person: Person) -> list[dict[str, Any]]:
    """The person's history."""
    found: list[dict[str, Any]] = client.get(HISTORY, headers=person["headers"]).get_json()["items"]
    return found


def test_text_and_segments(client: FlaskClient, ada: Person, beckett: bytes) -> None:
    """A recording gets its text, its language, its length, and segments with times."""
    answer = send(client, ada, beckett, "?language=en")
    assert answer.status_code == 200
    found = answer.get_json()
    members = {"id", "model", "created_at", "timing_ms", "text", "language", "duration", "segments"}
    assert set(found) == {*members, "language_source"}
    assert set(found["timing_ms"]) == {"decode", "cut", "infer", "total"}
    assert "no matter" in found["text"].lower()
    assert (found["model"], found["language"], found["duration"]) == ("moonshine", "en", 9.963)
    assert found["text"] == " ".join(segment["text"] for segment in found["segments"])
    times = [time for segment in found["segments"] for time in (segment["start"], segment["end"])]
    assert times == sorted(times)
    assert 0 <= times[0] < times[-1] <= 9.963
    assert all(set(segment) == {"start", "end", "text"} for segment in found["segments"])


def test_a_language_that_nobody_knows(client: FlaskClient, ada: Person) -> None:
    """Where nobody speaks, it is undetermined, and the text has no Content-Language."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(32_000))
    found = send(client, ada, out.getvalue()).get_json()
    assert (found["language"], found["language_source"]) == ("und", "no_speech")
    assert "language_confidence" not in found
    text = {q: send(client, ada, out.getvalue(), f"?format=text{q}") for q in ("", "&language=en")}
    assert [answer.headers.get("Content-Language") for answer in text.values()] == [None, "en"]


def test_formats(client: FlaskClient, ada: Person, beckett: bytes) -> None:
    """Text and subtitles come as such, name their history entry and are kept there."""
    types = {"text": "text/plain", "srt": "application/x-subrip", "vtt": "text/vtt"}
    for name, media_type in types.items():
        answer = send(client, ada, beckett, f"?format={name}")
        assert answer.headers["Content-Type"] == f"{media_type}; charset=utf-8"
        assert f"-output.{name.replace('text', 'txt')}" in answer.headers["Content-Disposition"]
        entry = answer.headers["Content-Location"]
        kept = client.get(f"{entry}/output", headers=ada["headers"])
        assert kept.get_data() == answer.get_data()
        result = client.get(entry, headers=ada["headers"]).get_json()["result"]
        assert result["text"].split()[-1] in answer.text
        assert ("-->" in answer.text) == (name != "text")


@pytest.mark.slow
def test_raw_body_and_options_as_fields(client: FlaskClient, ada: Person, beckett: bytes) -> None:
    """The recording may be the body itself; options may be form fields."""
    headers = {**ada["headers"], "Content-Type": "audio/x-wav"}
    raw = client.post(PATH, data=beckett, headers=headers).get_json()
    form = {"audio": (io.BytesIO(beckett), "x"), "language": "en-GB", "format": "json"}
    fields = client.post(PATH, data=form, headers=ada["headers"]).get_json()
    assert raw["segments"] == fields["segments"]


def test_the_history_keeps_the_sound_alone(client: FlaskClient, ada: Person) -> None:
    """The stored input is the recording without its title."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(32_000))
    title = b"LIST" + struct.pack("<I", 18) + b"INFOINAM" + struct.pack("<I", 6) + b"SECRET"
    answer = send(client, ada, out.getvalue() + title).get_json()
    assert (answer["text"], answer["segments"], answer["duration"]) == ("", [], 1.0)
    kept = client.get(f"{HISTORY}/{answer['id']}/input", headers=ada["headers"])
    assert (kept.status_code, kept.mimetype) == (200, "audio/wav")
    assert b"SECRET" not in kept.get_data()


def test_refusals(client: FlaskClient, ada: Person, beckett: bytes) -> None:
    """Each says what is wrong; nothing is stored."""
    wrong = {
        "?language=xx": "validation_failed",
        "?language=es": "language_not_available",
        "?language=es&model=moonshine": "language_not_available",
        "?word_timestamps=true": "word_timestamps_not_available",
        "?word_timestamps=true&model=moonshine": "word_timestamps_not_available",
        "?word_timestamps=perhaps": "validation_failed",
        "?format=pdf": "validation_failed",
        "?model=nope": "model_not_found",
        "?model=everyday_10": "model_not_found",
        "?model=whisper_base": "model_not_installed",
        "?languages=en": "validation_failed",
    }
    for query, code in wrong.items():
        answer = send(client, ada, beckett, query)
        assert (query, answer.status_code, answer.get_json()["code"]) == (query, 422, code)
    for query in ("?language=es", "?word_timestamps=true"):
        detail = send(client, ada, beckett, query).get_json()["detail"]
        assert "percept models pull whisper_base" in detail
    for data in (b"garbage", b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:1/a.ts\n", beckett[:40]):
        assert send(client, ada, data).get_json()["code"] == "audio_unreadable"
    assert send(client, ada, b"").status_code == 422
    headers = {**ada["headers"], "Content-Type": "text/plain"}
    assert client.post(PATH, data=beckett, headers=headers).status_code == 415
    assert entries(client, ada) == []


def test_too_long(client: FlaskClient, ada: Person) -> None:
    """The refusal names the limit and the setting."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 1, 8000, 0, "NONE", ""))
        file.writeframes(bytes([128]) * 8000 * 61)
    answer = send(client, ada, out.getvalue())
    assert (answer.status_code, answer.get_json()["code"]) == (413, "audio_too_long")
    assert "Prefer: respond-async" in answer.get_json()["detail"]
    assert "1 minutes" in answer.get_json()["detail"]


def test_only_for_callers_with_the_scope(client: FlaskClient, ada: Person) -> None:
    """Without a token 401; with a key of another scope 403."""
    made = client.post(
        "/api/v1/auth/api-keys", json={"name": "x", "scopes": ["tts"]}, headers=ada["headers"]
    )
    people = [{"headers": {}}, {"headers": {"X-API-Key": made.get_json()["key"]}}]
    assert [send(client, person, b"x").status_code for person in people] == [401, 403]


@pytest.mark.slow
def test_a_pulled_model_does_what_the_embedded_one_cannot(
    client: FlaskClient, ada: Person, beckett: bytes, settings: Settings, mirror: Path
) -> None:
    """Other languages, finding out which, and the times of words; English stays as it was."""
    ModelStore(settings.models_dir, mirror=str(mirror)).pull("whisper_tiny")

    def ask(query: str) -> dict[str, Any]:
        answer = send(client, ada, beckett, query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = json.loads(answer.text)
        return found

    found = ask("?language=auto&word_timestamps=true")
    assert (found["model"], found["language"]) == ("whisper_tiny", "es")
    segment = found["segments"][0]
    assert segment["text"] == "hola mundo"
    start = segment["start"]
    assert segment["words"] == [
        {"start": start, "end": round(start + 0.5, 3), "word": "hola", "confidence": 1.0},
        {"start": round(start + 0.5, 3), "end": start + 1, "word": "mundo", "confidence": 1.0},
    ]
    assert "words" not in ask("?language=es")["segments"][0]
    models = {query: ask(query)["model"] for query in ("?language=en", "?language=es", "")}
    assert models == {
        "?language=en": "moonshine",
        "?language=es": "whisper_tiny",
        "": "whisper_tiny",
    }


def test_the_chosen_default_answers_where_it_can(
    settings: Settings, mirror: Path, tmp_path: Path
) -> None:
    """What the operator chose comes before the rank, but not before what was asked."""
    store = ModelStore(tmp_path / "models", mirror=str(mirror))
    assert choose(store, None, Wanted("en")) == "moonshine"
    assert choose(store, None, Wanted()) == "moonshine"
    store.pull("whisper_tiny")
    store.set_default("stt", "whisper_tiny")
    assert choose(store, None, Wanted("en")) == "whisper_tiny"
    store.set_default("stt", "moonshine")
    asked: dict[str, Callable[[], str | None]] = {
        "en": lambda: choose(store, None, Wanted("en")),
        "es": lambda: choose(store, None, Wanted("es")),
        "auto": lambda: choose(store, None, Wanted()),
        "words": lambda: choose(store, None, Wanted("en", words=True)),
    }
    assert {what: ask() for what, ask in asked.items()} == {
        "en": "moonshine",
        "es": "whisper_tiny",
        "auto": "whisper_tiny",
        "words": "whisper_tiny",
    }
