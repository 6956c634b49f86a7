"""Real recordings and hostile ones, over HTTP, against a real server."""

import csv
import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from servers import Server, start, stop
from transcripts import errors, words

pytestmark = pytest.mark.slow
WORST = 0.12


@pytest.fixture(scope="module")
def listener(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that only listens."""
    running = start(
        tmp_path_factory.mktemp("listener"),
        PERCEPT_RATE_LIMITS="off",
        PERCEPT_SERVICES="accounts,history,stt",
    )
    yield running
    stop(running)


def send(
    server: Server, headers: dict[str, str], name: str, data: bytes, kind: str
) -> httpx.Response:
    """A file as a browser would send it."""
    return server.post("/api/v1/stt", headers=headers, files={"audio": (name, data, kind)})


def workers(server: Server) -> dict[int, int]:
    """Resident bytes of each worker by pid."""
    found = psutil.Process(server.process.pid).children()
    return {process.pid: process.memory_info().rss for process in found}


def test_word_error_rate(listener: Server, shared: Path) -> None:
    """The English clips, as they come."""
    headers, folder = listener.bearer("clips@example.com"), shared / "data" / "stt"
    wrong = total = 0
    with (folder / "clips.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["language"] == "en"]
    for row in rows:
        data = (folder / "clips" / row["file"]).read_bytes()
        answer = send(listener, headers, row["file"], data, "audio/wav")
        expected = words(row["transcript"])
        wrong += errors(expected, words(answer.json()["text"]))
        total += len(expected)
    assert wrong / total <= WORST


def test_the_same_words_in_every_format(listener: Server, shared: Path) -> None:
    """Phones, browsers, archives: as multipart and as the raw body."""
    headers, folder = listener.bearer("formats@example.com"), shared / "data" / "stt" / "formats"
    original = send(
        listener, headers, "x", (folder / "original.wav").read_bytes(), "audio/wav"
    ).json()
    expected, wrong = words(original["text"]), []
    for file in sorted(folder.iterdir()):
        answer = send(listener, headers, file.name, file.read_bytes(), "application/octet-stream")
        found = words(answer.json().get("text", ""))
        if answer.status_code != 200 or errors(expected, found) > len(expected) / 5:
            wrong.append((file.name, answer.status_code, " ".join(found)))
    assert len(expected) > 5
    assert wrong == []


def test_bad_recordings(listener: Server, shared: Path) -> None:
    """Each file of the bad corpus: its listed status, in time, no worker lost, nothing stored."""
    headers, before = listener.bearer("bad@example.com"), workers(listener)
    folder = shared / "data" / "bad"
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    wrong, good = [], 0
    for row in [row for row in rows if row["kind"] == "audio"]:
        data = (folder / row["file"]).read_bytes()
        data = gzip.decompress(data) if row["expand"] == "gzip" else data
        started = time.monotonic()
        answer = send(listener, headers, row["filename"], data, row["content_type"])
        spent = time.monotonic() - started
        json.loads(answer.text, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
        good += answer.status_code == 200
        if answer.status_code not in row["expect"] or spent > row["max_s"]:
            wrong.append((row["file"], answer.status_code, round(spent, 1)))
    assert wrong == []
    after = workers(listener)
    assert set(after) == set(before)
    assert sum(after.values()) < sum(before.values()) + 100e6
    stored = listener.get("/api/v1/history?limit=100", headers=headers).json()["items"]
    assert len(stored) == good
    assert not list(Path("/tmp").glob("pwned*"))


def test_no_words_where_nobody_speaks(listener: Server, shared: Path) -> None:
    """A tone, full scale and noise get an empty text, not invented words."""
    headers, folder = listener.bearer("tone@example.com"), shared / "data" / "bad" / "files"
    for name in ("wav_tone_ok.wav.gz", "wav_dc_clipped.wav.gz", "wav_float_denormal.wav.gz"):
        data = gzip.decompress((folder / name).read_bytes())
        assert send(listener, headers, name, data, "audio/wav").json()["text"] == ""
