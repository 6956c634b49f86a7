"""Bad text, guests that are lost, many at once: a refusal or the right sound, never a crash."""

import gzip
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import guest_tasks
import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.enginekit import guests

Say = Callable[..., Any]
Listen = Callable[[bytes], Any]
TRIES = 3  # to be in time: other tests may keep the machine busy


@pytest.mark.slow
def test_the_bad_corpus(client: FlaskClient, ada: dict[str, Any], shared: Path) -> None:
    """Each text of the corpus: its listed status, in time, and no canary."""
    folder = shared / "data" / "bad"
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    wrong = []
    for row in [row for row in rows if row["kind"] == "text"]:
        data = (folder / row["file"]).read_bytes()
        data = gzip.decompress(data) if row["expand"] == "gzip" else data
        headers = {**ada["headers"], "Content-Type": row["content_type"]}
        for _ in range(TRIES):
            started = time.monotonic()
            answer = client.post("/api/v1/tts", data=data, headers=headers)
            size, spent = len(answer.data), time.monotonic() - started
            if spent <= row["max_s"] or answer.status_code not in row["expect"]:
                break
        if answer.status_code not in row["expect"] or spent > row["max_s"] or not size:
            wrong.append((row["file"], answer.status_code, round(spent, 1)))
    assert wrong == []
    assert not list(Path("/tmp").glob("pwned*"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "x" * 5000,
        ", " * 2400 + "a",
        "a" + "\u0301" * 4000,
        "\U0001f468\u200d\U0001f469\u200d\U0001f467 " * 200,
        "\u202e\u2066abc\u2069 \u0627\u0644",
        "%s%n{0}{{7*7}}$(id)`id`",
        "'; DROP TABLE users; --",
        "<speak><audio src='/etc/passwd'/></speak>",
        "\x01\x0199v [[ \x0150p",
        "1" * 2000,
        "A. " * 800,
    ],
    ids=range(11),
)
def test_odd_text_is_spoken(say: Say, listen: Listen, text: str) -> None:
    """Whatever can be spoken makes some sound."""
    answer = say(text)
    assert answer.status_code == 200
    assert listen(answer.data).seconds > 0.3


@pytest.mark.parametrize("text", ["Hello.", "A long way to go, and nobody is there. " * 20])
def test_a_lost_guest_costs_one_request(
    say: Say, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """What is lost before the first byte is a 503; the next request is answered."""
    real = guests.call
    assert say(text).status_code == 200

    def dying(*_: object, **how: Any) -> Any:
        return real(guest_tasks.leave, 3, **how)

    with monkeypatch.context() as patched:
        patched.setattr(guests, "call", dying)
        answer = say(text)
    assert (answer.status_code, answer.get_json()["code"]) == (503, "speech_failed")
    assert say(text).status_code == 200


def test_a_guest_lost_on_the_way_breaks_the_answer_off(
    client: FlaskClient, ada: dict[str, Any], say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not end as if it were whole, nothing is stored, and the next one is answered."""
    real, calls = guests.call, []
    text = "A long way to go, and nobody is there. " * 40
    before = say(text).headers["Content-Location"]

    def dying(task: Any, *args: object, **how: Any) -> Any:
        calls.append(task)
        return real(task, *args, **how) if len(calls) == 1 else real(guest_tasks.leave, 3, **how)

    with monkeypatch.context() as patched:
        patched.setattr(guests, "call", dying)
        body = {"text": text}
        answer = client.post("/api/v1/tts", json=body, headers=ada["headers"], buffered=False)
        chunks = answer.iter_encoded()
        assert len(next(chunks)) > 0
        with pytest.raises(Exception, match="stopped unexpectedly"):
            list(chunks)
        answer.close()
    (latest,) = client.get("/api/v1/history?limit=1", headers=ada["headers"]).get_json()["items"]
    assert before.endswith(latest["id"])
    assert say(text).status_code == 200


def test_a_client_that_leaves_frees_its_place(
    app: Flask, client: FlaskClient, ada: dict[str, Any], say: Say
) -> None:
    """More broken-off answers than there are places, and there is still room."""
    for _ in range(app.config["SETTINGS"].capacity + 2):
        body = {"text": "A long way to go, and nobody is there. " * 40}
        answer = client.post("/api/v1/tts", json=body, headers=ada["headers"], buffered=False)
        assert answer.status_code == 200
        next(answer.iter_encoded())
        answer.close()
    assert say("Hello.").status_code == 200


def test_many_at_once(app: Flask, ada: dict[str, Any], say: Say, listen: Listen) -> None:
    """Eight threads, each with a text, voice and speed of its own: each gets its own sound."""
    asked = [
        {"text": "word " * (3 * n + 3), "voice": voice, "speed": 1 + n / 10}
        for n, voice in enumerate(["en-us", "es", "de", "fr-fr", "it", "pt", "en-gb", "nl"])
    ]
    expected = [listen(say(**body).data).seconds for body in asked]

    def speak(body: dict[str, Any]) -> float:
        answer = app.test_client().post("/api/v1/tts", json=body, headers=ada["headers"])
        return float(listen(answer.data).seconds)

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(speak, asked * 3))
    assert found == pytest.approx(expected * 3, rel=0.01)
