"""Requests of all kinds, eight at a time: each gets its own answer."""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont
from servers import Server

pytestmark = pytest.mark.slow
TOTAL, AT_ONCE = 72, 8
WORDS = ("apple", "bridge", "candle", "doctor", "engine", "forest", "garden", "harbour")
SENTENCES = (
    "The quick brown fox jumps over the lazy dog.",
    "She sells sea shells by the sea shore.",
    "Winter is cold and summer is warm.",
    "Please open the window before you leave.",
)
Job = tuple[str, dict[str, Any]]


def png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def page(word: str) -> bytes:
    """A small page with one word."""
    picture = Image.new("RGB", (420, 120), "white")
    font = ImageFont.load_default(48)
    ImageDraw.Draw(picture).text((30, 30), word, "black", font)
    return png(picture)


def jobs(speech: dict[str, bytes]) -> list[Job]:
    """One request of each kind for each input."""
    colours = [
        Image.new("RGB", (64, 64), (37 * n % 256, 91 * n % 256, 200 - 20 * n)) for n in range(8)
    ]
    return [
        *(("classify", {"files": {"image": ("a.png", png(c), "image/png")}}) for c in colours),
        *(("ocr", {"files": {"image": ("a.png", page(w), "image/png")}}) for w in WORDS),
        *(("tts", {"json": {"text": " ".join(WORDS[: n + 1])}}) for n in range(8)),
        *(("stt", {"files": {"audio": ("a.wav", s, "audio/wav")}}) for s in speech.values()),
    ]


def gist(job: Job, answer: Any) -> Any:
    """What tells this answer from the others of its kind."""
    assert answer.status_code == 200, f"{job[0]}: {answer.text[:500]}"
    if job[0] == "tts":
        return round(len(answer.content) / 22_050 / 2, 1)  # seconds; they vary by 0.2 %
    body = answer.json()
    return body["predictions"] if job[0] == "classify" else body["text"]


def test_no_answer_is_somebody_elses(serve: Callable[..., Server]) -> None:
    """What each input gives when it is alone, it gives among others too; nothing fails."""
    server = serve(PERCEPT_RATE_LIMITS="off")
    headers = server.bearer("mixed@example.com")

    def ask(job: Job) -> Any:
        return gist(job, server.post(f"/api/v1/{job[0]}", headers=headers, **job[1]))

    speech = {
        text: server.post("/api/v1/tts", headers=headers, json={"text": text}).content
        for text in SENTENCES
    }
    kinds = jobs(speech)
    alone = [ask(job) for job in kinds]
    told_apart = {(job[0], str(answer)) for job, answer in zip(kinds, alone, strict=True)}
    assert len(told_apart) >= len(kinds) - 2

    mixed = [n % len(kinds) for n in range(TOTAL)]
    Random(1).shuffle(mixed)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda n: ask(kinds[n]), mixed))
    for n, answer in zip(mixed, answers, strict=True):
        same = abs(answer - alone[n]) < 0.15 if kinds[n][0] == "tts" else answer == alone[n]
        assert same, f"{kinds[n][0]}: {answer} instead of {alone[n]}"
    history = server.get("/api/v1/history?limit=100", headers=headers).json()
    assert history["next_cursor"]
