"""GET /tts/voices, and which voice speaks when none, or only a language, is named."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from api.services.tts.engines.languages import bcp47

Say = Callable[..., Any]
Get = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def voices(client: FlaskClient, ada: dict[str, Any]) -> Get:
    """The voices that a query finds."""

    def get(query: str) -> list[dict[str, Any]]:
        answer = client.get(f"/api/v1/tts/voices{query}", headers=ada["headers"])
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.get_json()["items"]
        return items

    return get


def test_all_of_them(voices: Get) -> None:
    """Some 140, each with what the contract names, no id twice."""
    found = voices("")
    assert len(found) > 130
    assert len({voice["id"] for voice in found}) == len(found)
    fields = {"id", "name", "language", "gender", "engine", "sample_rate"}
    assert all(set(voice) == fields for voice in found)
    assert {"en-us", "en-us+f2", "en-gb", "es", "es-419"} <= {voice["id"] for voice in found}
    (mexican,) = [voice for voice in found if voice["id"] == "es-419"]
    assert mexican == {
        "id": "es-419",
        "name": "Spanish (Latin America)",
        "language": "es-419",
        "gender": "male",
        "engine": "espeak",
        "sample_rate": 22050,
    }


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("es", {"es", "es+f2", "es-419", "es-419+f2"}),
        ("es-419", {"es-419", "es-419+f2"}),
        ("ES_419", {"es-419", "es-419+f2"}),
        ("zh", {"cmn", "cmn-latn-pinyin"}),
        ("e", set()),
        ("xx", set()),
    ],
)
def test_by_language(voices: Get, query: str, ids: set[str]) -> None:
    """A language finds its regions, and nothing that only begins alike."""
    assert {voice["id"] for voice in voices(f"?language={query}")} == ids


@pytest.mark.parametrize(
    ("asked", "voice"),
    [
        ({}, "en-us+f2"),
        ({"language": "en"}, "en-us+f2"),
        ({"language": "en-GB"}, "en-gb+f2"),
        ({"language": "en-AU"}, "en-us+f2"),
        ({"language": "es"}, "es"),
        ({"language": "es-ES"}, "es"),
        ({"language": "es_MX"}, "es-419"),
        ({"language": "fr"}, "fr-fr"),
        ({"language": "fr-CA"}, "fr-fr"),
        ({"language": "pt"}, "pt-br"),
        ({"language": "zh-CN"}, "cmn"),
        ({"voice": "en-GB-Scotland"}, "en-gb-scotland"),
        ({"voice": "en-gb", "language": "en-US"}, "en-gb"),
    ],
)
def test_who_speaks(
    say: Say, client: FlaskClient, ada: dict[str, Any], asked: dict[str, str], voice: str
) -> None:
    """The named voice, or the best one for the language; English by default."""
    place = say("Hello.", **asked).headers["Content-Location"]
    entry = client.get(place, headers=ada["headers"]).get_json()
    assert entry["result"]["voice"] == voice


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"voice": "nobody"}, "voice_not_found"),
        ({"voice": "../../../etc/passwd"}, "voice_not_found"),
        ({"voice": "en-us+klatt"}, "voice_not_found"),
        ({"language": "xx"}, "language_not_available"),
        ({"voice": "es", "language": "en"}, "language_not_available"),
    ],
)
def test_who_does_not(say: Say, asked: dict[str, str], code: str) -> None:
    """An unknown voice or language is a 422 that says where the others are."""
    answer = say("Hello.", **asked)
    assert (answer.status_code, answer.get_json()["code"]) == (422, code)
    if len(asked) == 1:
        assert "/api/v1/tts/voices" in answer.get_json()["detail"]


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("en_US", "en-US"),
        ("es-419", "es-419"),
        ("fa-latn", "fa-Latn"),
        ("vi-vn-x-south", "vi-VN-x-south"),
        ("ca-va", "ca-valencia"),
        ("yue", "yue"),
    ],
)
def test_names_of_languages(name: str, tag: str) -> None:
    """As BCP 47 spells them."""
    assert bcp47(name) == tag


@pytest.mark.parametrize(
    ("asked", "voice", "language", "is_guess"),
    [
        ({"text": "Hola, ¿cómo estás?"}, "es", "es", True),
        ({"text": "Guten Morgen, wie geht es Ihnen?"}, "de", "de", True),
        ({"text": "你好"}, "cmn", "cmn", True),
        ({"text": "Good morning, how are you?"}, "en-us+f2", "en-US", True),
        ({"text": "Taxi"}, "en-us+f2", "en-US", False),
        ({"text": "Hola, ¿cómo estás?", "language": "en"}, "en-us+f2", "en-US", False),
        ({"text": "Hola, ¿cómo estás?", "voice": "fr-fr"}, "fr-fr", "fr-FR", False),
        ({"ssml": "<speak>Hola, ¿cómo <emphasis>estás</emphasis>?</speak>"}, "es", "es", True),
        ({"ssml": '<speak xml:lang="en">Hola, ¿qué tal?</speak>'}, "en-us+f2", "en-US", False),
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/tts", "/api/v1/tts/marks"])
def test_the_language_of_the_text(
    say: Say,
    client: FlaskClient,
    ada: dict[str, Any],
    path: str,
    asked: dict[str, str],
    voice: str,
    language: str,
    is_guess: bool,
) -> None:
    """A voice of the text's language speaks unless one is named; headers and history tell it."""
    answer = say(path=path, **asked)
    assert answer.headers["Content-Language"] == language
    entry = client.get(answer.headers["Content-Location"], headers=ada["headers"]).get_json()
    assert (entry["result"]["voice"], entry["language"]) == (voice, language)
    assert ("Language-Confidence" in answer.headers) == is_guess
    if is_guess:
        confidence = float(answer.headers["Language-Confidence"])
        assert 0.5 <= confidence <= 1
        assert entry["result"]["language_confidence"] == confidence


def test_a_language_without_a_voice(say: Say) -> None:
    """The default voice speaks, and nobody is told that the text is English."""
    answer = say("Magandang umaga sa inyong lahat, kumusta na kayo ngayon?")
    assert answer.headers["Content-Language"] == "en-US"
    assert "Language-Confidence" not in answer.headers
