"""POST /tts: sound in every format, at once or bit by bit, and its history entry."""

import io
import wave
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from api.config import Settings

Say = Callable[..., Any]
Listen = Callable[[bytes], Any]
SENTENCE = "The ship sailed out of the harbour before the sun came up. "
LONG = SENTENCE * 8
FORMATS = {
    "wav": ("audio/wav", "wav"),
    "mp3": ("audio/mpeg", "mp3"),
    "opus": ("audio/ogg", "ogg"),
    "flac": ("audio/flac", "flac"),
    "aac": ("audio/aac", "aac"),
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("text", [SENTENCE, LONG], ids=["short", "long"])
def test_every_format_is_as_long_as_it_should_be(
    say: Say, listen: Listen, form: str, text: str
) -> None:
    """Each opens as what it says it is; what it claims and what it holds is the wav's length."""
    expected = listen(say(text).data).seconds
    answer = say(text, format=form)
    media_type, container = FORMATS[form]
    heard = listen(answer.data)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, media_type)
    assert heard.format == container
    assert heard.claimed == pytest.approx(expected, rel=0.02)
    assert heard.seconds == pytest.approx(expected, rel=0.02)
    assert abs(heard.samples.astype(float)).max() > 0.1 * (heard.samples.dtype.kind == "f" or 32767)


def test_a_short_wav_says_exactly_how_long_it_is(say: Say) -> None:
    """Python's own reader finds all frames, and Content-Length is there."""
    answer = say("Hello world.")
    with wave.open(io.BytesIO(answer.data)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 22050)
        assert len(file.readframes(file.getnframes())) == 2 * file.getnframes()
    assert int(answer.headers["Content-Length"]) == len(answer.data)


def test_a_streamed_wav_is_stored_with_its_true_length(
    client: FlaskClient, ada: dict[str, Any], say: Say
) -> None:
    """What was sent says that its length is unknown; the copy in the history says what it is."""
    answer = say(LONG)
    assert "Content-Length" not in answer.headers
    assert answer.data[40:44] == b"\xff\xff\xff\xff"
    with wave.open(io.BytesIO(answer.data)) as file:
        assert file.readframes(file.getnframes()) == answer.data[44:]
    place = answer.headers["Content-Location"]
    stored = client.get(f"{place}/output", headers=ada["headers"])
    with wave.open(io.BytesIO(stored.data)) as file:
        assert file.getnframes() == len(answer.data[44:]) // 2
    assert stored.data[44:] == answer.data[44:]
    assert stored.headers["Content-Type"] == "audio/wav"
    name = f"percept-{place.rpartition('/')[2]}-output.wav"
    assert answer.headers["Content-Disposition"] == f"attachment; filename={name}"


def test_the_history_knows_what_was_said(
    client: FlaskClient, ada: dict[str, Any], say: Say, listen: Listen
) -> None:
    """The entry has the text, the voice, the length and the size."""
    answer = say("Hola, mundo.", language="es", format="mp3", speed=1.5)
    place = answer.headers["Content-Location"]
    entry = client.get(place, headers=ada["headers"]).get_json()
    assert (entry["service"], entry["model"], entry["language"]) == ("tts", "espeak", "es")
    assert entry["options"] == {"language": "es", "format": "mp3", "speed": 1.5}
    assert entry["result"] == {
        "voice": "es",
        "format": "mp3",
        "characters": 12,
        "duration_s": pytest.approx(listen(answer.data).seconds, abs=0.001),
        "sample_rate": 22050,
        "bytes": len(answer.data),
    }
    stored = client.get(f"{place}/input", headers=ada["headers"])
    assert (stored.text, stored.mimetype) == ("Hola, mundo.", "text/plain")


@pytest.mark.parametrize("form", ["wav", "mp3", "opus", "aac"])
def test_the_first_sentence_is_there_before_the_last_is_made(
    client: FlaskClient,
    ada: dict[str, Any],
    guest_calls: list[str],
    say: Say,
    listen: Listen,
    form: str,
) -> None:
    """The first bytes are those of the first task of a guest; two more follow.

    They are all of the first sentence, but for the last half of a second.
    """
    alone = listen(say(SENTENCE).data).seconds
    client.get("/api/v1/tts/voices", headers=ada["headers"])
    guest_calls.clear()
    body = {"text": SENTENCE * 14, "format": form}
    answer = client.post("/api/v1/tts", json=body, headers=ada["headers"], buffered=False)
    first, *others = answer.iter_encoded()
    assert 0 < len(first) < sum(map(len, others)) / 3
    assert listen(first).seconds > alone - 0.5
    # The engine may be warmed up first, with a word.
    assert guest_calls.count("speak") in (3, 4)


def test_speed_and_pitch(say: Say, listen: Listen) -> None:
    """Half the speed takes twice as long, twice the speed half as long; pitch changes neither."""
    normal = listen(say(SENTENCE).data).seconds
    seconds = {speed: listen(say(SENTENCE, speed=speed).data).seconds for speed in (0.5, 2)}
    assert seconds[0.5] / normal == pytest.approx(2, rel=0.15)
    assert seconds[2] / normal == pytest.approx(0.5, rel=0.15)
    high, low = (listen(say(SENTENCE, pitch=pitch).data) for pitch in (2, 0.5))
    assert high.seconds == pytest.approx(normal, rel=0.1)
    assert not (high.samples[:9000] == low.samples[:9000]).all()


def test_phoneme_brackets_are_text(say: Say, listen: Listen) -> None:
    """eSpeak's own way to write sounds is not understood as that."""
    written = listen(say("[[h@l'oU]]").data).seconds
    spoken = listen(say("hello").data).seconds
    assert written > 1.5 * spoken


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": "a", "ssml": "<speak>a</speak>"}, "ssml"),
        ({"text": 5}, "text"),
        ({"text": None}, "text"),
        ({"text": "a", "speed": 0.4}, "speed"),
        ({"text": "a", "speed": 2.1}, "speed"),
        ({"text": "a", "speed": "fast"}, "speed"),
        ({"text": "a", "pitch": 0}, "pitch"),
        ({"text": "a", "format": "ogg"}, "format"),
        ({"text": "a", "language": "e n"}, "language"),
        ({"text": "a", "language": "en\n"}, "language"),
        ({"text": "a", "voice": "x" * 65}, "voice"),
        ({"text": "a", "volume": 1}, "volume"),
        ({"text": "a\0b"}, "text"),
    ],
)
def test_fields_that_are_wrong(say: Say, body: dict[str, Any], field: str) -> None:
    """Each is a 422 that names the field."""
    answer = say(**body)
    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.get_json()["errors"]] == [field]


def test_an_empty_ssml_counts_as_not_given(say: Say) -> None:
    """As the form of the documentation sends it."""
    assert say("Hi", ssml="").status_code == 200
    assert say("", ssml="<speak>Hi</speak>").status_code == 200
    assert say(ssml="").status_code == 422


@pytest.mark.parametrize("text", ["", " \n ", "\u200b" * 40, "...", "?!", "\x1b\x07", "\ufeff-"])
def test_nothing_to_speak(client: FlaskClient, ada: dict[str, Any], say: Say, text: str) -> None:
    """What makes no sound is refused, and nothing is stored."""
    before = client.get("/api/v1/history?limit=1", headers=ada["headers"]).get_json()["items"]
    answer = say(text)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "nothing_to_speak")
    after = client.get("/api/v1/history?limit=1", headers=ada["headers"]).get_json()["items"]
    assert after == before


def test_the_longest_text(say: Say, settings: Settings) -> None:
    """As many characters as are allowed are spoken; one more is a 413 that names the setting."""
    assert settings.max_characters == 5000
    assert say("word " * 1000).status_code == 200
    answer = say("word " * 1000 + "x")
    assert (answer.status_code, answer.get_json()["code"]) == (413, "text_too_long")
    assert "Prefer: respond-async" in answer.get_json()["detail"]


@pytest.mark.slow
def test_what_would_take_hours_to_hear_is_refused(say: Say) -> None:
    """5,000 characters that are all spelt out are a 413 and not a connection that breaks off."""
    answer = say("\u4e2d" * 5000, speed=0.5)
    assert (answer.status_code, answer.get_json()["code"]) == (413, "audio_too_long")


def test_only_for_callers_with_the_scope(client: FlaskClient, ada: dict[str, Any]) -> None:
    """Without a token 401; with a key of another scope 403; with a key of this scope 200."""
    keys = "/api/v1/auth/api-keys"
    made = [
        client.post(keys, json={"name": scope, "scopes": [scope]}, headers=ada["headers"])
        for scope in ("ocr", "tts")
    ]
    headers = [{}, *({"X-API-Key": key.get_json()["key"]} for key in made)]
    answers = [client.post("/api/v1/tts", json={"text": "Hi"}, headers=h) for h in headers]
    assert [answer.status_code for answer in answers] == [401, 403, 200]


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("audio/mpeg", "audio/mpeg"),
        ("application/octet-stream", "application/octet-stream"),
        ("application/problem+json", "audio/wav"),
    ],
)
def test_the_format_by_accept(
    client: FlaskClient, ada: dict[str, Any], accept: str, media_type: str
) -> None:
    """Accept chooses where the body does not."""
    headers = {**ada["headers"], "Accept": accept}
    answer = client.post("/api/v1/tts", json={"text": "Hello."}, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == media_type
    answer.close()
