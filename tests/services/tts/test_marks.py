"""POST /tts/marks: the times of sentences and words, and where they stand."""

import json
from collections.abc import Callable
from typing import Any

import pytest

Say = Callable[..., Any]
Listen = Callable[[bytes], Any]
PATH = "/api/v1/tts/marks"


def marks(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def words(found: list[dict[str, Any]]) -> list[str]:
    return [mark["value"] for mark in found if mark["type"] == "word"]


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Hello world.", "Hello world"),
        ("Don't e-mail Dr. Smith's 3.5 cafés — ok?", "Don't e-mail Dr Smith's 3.5 cafés ok"),
        ("¿Qué tal, señor? ¡Bien!", "Qué tal señor Bien"),
        ("He said: “21 of (them)” \n\n left", "He said 21 of them left"),
        ("cafe\u0301 bien", "cafe\u0301 bien"),
        ("A 😀 face", "A 😀 face"),
        ("x" * 700 + " end", "x" * 700 + " end"),
    ],
)
def test_words_and_where_they_stand(say: Say, text: str, spoken: str) -> None:
    """Each word once, in order, without its punctuation; its place holds its value."""
    found = marks(say(text, path=PATH))
    assert words(found) == spoken.split()
    assert all(text[mark["start"] : mark["end"]] == mark["value"] for mark in found)
    assert all(set(mark) == {"time_ms", "type", "start", "end", "value"} for mark in found)


def test_sentences(say: Say) -> None:
    """Each sentence comes before its words, at the time of the first one."""
    found = marks(say("One two. Three!\nFour", path=PATH))
    order = [(mark["type"], mark["value"]) for mark in found]
    assert order == [
        ("sentence", "One two."),
        ("word", "One"),
        ("word", "two"),
        ("sentence", "Three!"),
        ("word", "Three"),
        ("sentence", "Four"),
        ("word", "Four"),
    ]
    assert [found[n]["time_ms"] for n in (0, 3, 5)] == [found[n]["time_ms"] for n in (1, 4, 6)]


def test_marks_fit_the_sound(say: Say, listen: Listen) -> None:
    """Times grow, end before the sound does, and there is sound where a word begins."""
    text = "First, a short one. " + "Then follow others which are longer. " * 20
    found = marks(say(text, path=PATH))
    times = [mark["time_ms"] for mark in found]
    heard = listen(say(text).data)
    assert times == sorted(times)
    assert 0 < heard.seconds - times[-1] / 1000 < 2
    loud = [
        abs(heard.samples[start : start + heard.rate // 5].astype(int)).max() > 1000
        for mark in found
        if mark["type"] == "word"
        for start in [mark["time_ms"] * heard.rate // 1000]
    ]
    assert all(loud)


def test_speed_moves_the_marks(say: Say) -> None:
    """At double speed the last word comes in about half the time."""
    normal, fast = (marks(say("One two three four.", path=PATH, speed=s)) for s in (1, 2))
    assert fast[-1]["time_ms"] < 0.65 * normal[-1]["time_ms"]


def test_marks_of_ssml(say: Say) -> None:
    """Places are those in the SSML, whatever was rewritten; a pause moves what follows."""
    ssml = (
        "<speak>Tom &amp; <emphasis>Jérry</emphasis> <sub alias='World Wide Web'>WWW</sub>."
        "<break time='3s'/> Bye.</speak>"
    )
    found = marks(say(ssml=ssml, path=PATH))
    assert words(found) == ["Tom", "&amp;", "Jérry", "WWW", "Bye"]
    assert all(ssml[mark["start"] : mark["end"]] == mark["value"] for mark in found)
    assert found[-1]["time_ms"] - found[-3]["time_ms"] > 3000


@pytest.mark.parametrize(
    ("inside", "spoken"),
    [
        ("<![CDATA[& more; of]]> it; &amp; <![CDATA[Tom]]>&#59; end", "& more of it &amp; Tom end"),
        ("caf&#233;; <![CDATA[ab;]]> &lt;x&gt;", "caf&#233; ab &lt;x&gt;"),
        ('é <s xml:lang="es">hola amigos</s> bye', "é hola amigos bye"),
        (
            '😀 <prosody rate="+10.5%">one</prosody> <amazon:effect>two</amazon:effect>',
            "😀 one two",
        ),
    ],
)
def test_places_in_ssml(say: Say, inside: str, spoken: str) -> None:
    """They are those of the source, also behind CDATA, entities, stops and other languages."""
    ssml = f"<speak>{inside}</speak>"
    found = marks(say(ssml=ssml, path=PATH))
    assert all(ssml[mark["start"] : mark["end"]] == mark["value"] for mark in found)
    assert words(found) == spoken.split()


def test_marks_are_in_the_history(say: Say, client: Any, ada: Any) -> None:
    """The entry keeps the lines that were sent."""
    answer = say("Hello world.", path=PATH)
    place = answer.headers["Content-Location"]
    entry = client.get(place, headers=ada["headers"]).get_json()
    confidence = float(answer.headers["Language-Confidence"])
    assert entry["result"] == {"voice": "en-us+f2", "language_confidence": confidence, "marks": 3}
    assert client.get(f"{place}/output", headers=ada["headers"]).data == answer.data


def test_the_same_refusals(say: Say) -> None:
    """What /tts refuses, this does."""
    answers = [say(path=PATH), say("...", path=PATH), say("a" * 5001, path=PATH)]
    assert [answer.status_code for answer in answers] == [422, 422, 413]
