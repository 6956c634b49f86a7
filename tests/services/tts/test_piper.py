"""Piper voices: pulled as models, heard like the others. The mock makes 1 s per sentence."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from piper.phoneme_ids import phonemes_to_ids

from api.config import Settings
from api.enginekit.store import ModelStore
from api.services.tts.engines.piper import numbers_of

Say = Callable[..., Any]
Listen = Callable[[bytes], Any]
VOICE = "piper_test_voice"


@pytest.fixture(scope="module", autouse=True)
def _pulled(settings: Settings, shared: Path) -> Iterator[None]:
    store = ModelStore(settings.models_dir, mirror=str(shared / "models"))
    store.pull(VOICE)
    yield
    store.remove(VOICE)


def test_it_is_listed(client: FlaskClient, ada: dict[str, Any]) -> None:
    """As a voice, after those of the default model."""
    answer = client.get("/api/v1/tts/voices?language=en-US", headers=ada["headers"])
    last = answer.get_json()["items"][-1]
    assert (last["id"], last["engine"], last["gender"]) == (VOICE, "piper", None)
    assert (last["language"], last["sample_rate"]) == ("en-US", 22050)


@pytest.mark.parametrize("form", ["wav", "mp3", "opus", "flac", "aac"])
@pytest.mark.parametrize("count", [1, 35])
def test_one_second_for_each_sentence(say: Say, listen: Listen, form: str, count: int) -> None:
    """In every format, whole and streamed."""
    heard = listen(say("Hello there. " * count, voice=VOICE, format=form).data)
    assert heard.seconds == pytest.approx(count, rel=0.02)
    assert heard.claimed == pytest.approx(count, rel=0.02)


def test_a_long_sentence_begins_soon(client: FlaskClient, ada: dict[str, Any]) -> None:
    """The first chunk is one short piece: one second of a sentence that is cut into more."""
    text = "We came to a river that nobody had crossed in winter " * 11
    body = {"text": text, "voice": VOICE}
    answer = client.post("/api/v1/tts", json=body, headers=ada["headers"], buffered=False)
    chunks = answer.iter_encoded()
    assert len(next(chunks)) == 44 + 2 * 22_050
    assert sum(map(len, chunks)) >= 3 * 2 * 22_050


def test_it_is_in_the_history(client: FlaskClient, ada: dict[str, Any], say: Say) -> None:
    """Under its own name, as the model."""
    place = say("Hello there.", voice=VOICE).headers["Content-Location"]
    entry = client.get(place, headers=ada["headers"]).get_json()
    assert (entry["model"], entry["language"]) == (VOICE, "en-US")
    assert entry["result"]["duration_s"] == 1


def test_what_it_cannot_do_is_refused(say: Say) -> None:
    """SSML, another pitch and marks are a 422 with the reason."""
    ssml = say(ssml="<speak>Hi</speak>", voice=VOICE)
    pitch = say("Hi", voice=VOICE, pitch=1.5)
    marks = say("Hi", path="/api/v1/tts/marks", voice=VOICE)
    assert (ssml.status_code, ssml.get_json()["code"]) == (422, "ssml_unsupported")
    assert (pitch.status_code, pitch.get_json()["errors"][0]["field"]) == (422, "pitch")
    assert (marks.status_code, marks.get_json()["code"]) == (422, "marks_unsupported")


def test_languages_go_on_being_spoken_by_the_default_model(
    client: FlaskClient, ada: dict[str, Any], say: Say
) -> None:
    """A pulled voice is heard where it is named."""
    place = say("Hello.", language="en-US").headers["Content-Location"]
    assert client.get(place, headers=ada["headers"]).get_json()["model"] == "espeak"


@pytest.mark.parametrize("phonemes", [[], list("həloʊ."), ["h", "no such sound", "ɔ", " ", "!"]])
def test_phonemes_are_numbered_as_piper_does_it(shared: Path, phonemes: list[str]) -> None:
    """The network is given the numbers that Piper itself would give it."""
    config = shared / "models" / "piper_test_voice" / "test_voice.onnx.json"
    numbers = json.loads(config.read_text())["phoneme_id_map"]
    assert numbers_of(phonemes, numbers) == phonemes_to_ids(phonemes, numbers)
