"""Real recordings, over HTTP, against a real server; e2e has the hostile ones."""

import csv
import gzip
from pathlib import Path

import httpx
import pytest
from servers import Server
from transcripts import errors, words

pytestmark = pytest.mark.slow
WORST = 0.12


def send(
    server: Server, headers: dict[str, str], name: str, data: bytes, kind: str
) -> httpx.Response:
    """A file as a browser would send it."""
    return server.post("/api/v1/stt", headers=headers, files={"audio": (name, data, kind)})


def test_word_error_rate(server: Server, shared: Path) -> None:
    """The English clips, as they come."""
    headers, folder = server.bearer("clips@example.com"), shared / "data" / "stt"
    wrong = total = 0
    with (folder / "clips.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["language"] == "en"]
    for row in rows:
        data = (folder / "clips" / row["file"]).read_bytes()
        answer = send(server, headers, row["file"], data, "audio/wav")
        expected = words(row["transcript"])
        wrong += errors(expected, words(answer.json()["text"]))
        total += len(expected)
    assert wrong / total <= WORST


def test_the_same_words_in_every_format(server: Server, shared: Path) -> None:
    """Phones, browsers, archives: as multipart and as the raw body."""
    headers, folder = server.bearer("formats@example.com"), shared / "data" / "stt" / "formats"
    original = send(
        server, headers, "x", (folder / "original.wav").read_bytes(), "audio/wav"
    ).json()
    expected, wrong = words(original["text"]), []
    for file in sorted(folder.iterdir()):
        answer = send(server, headers, file.name, file.read_bytes(), "application/octet-stream")
        found = words(answer.json().get("text", ""))
        if answer.status_code != 200 or errors(expected, found) > len(expected) / 5:
            wrong.append((file.name, answer.status_code, " ".join(found)))
    assert len(expected) > 5
    assert wrong == []


def test_no_words_where_nobody_speaks(server: Server, shared: Path) -> None:
    """A tone, full scale and noise get an empty text, not invented words."""
    headers, folder = server.bearer("tone@example.com"), shared / "data" / "bad" / "files"
    for name in ("wav_tone_ok.wav.gz", "wav_dc_clipped.wav.gz", "wav_float_denormal.wav.gz"):
        data = gzip.decompress((folder / name).read_bytes())
        assert send(server, headers, name, data, "audio/wav").json()["text"] == ""
