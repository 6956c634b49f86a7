"""Recordings that went wrong for users of other software, against a real server."""

import json
import re
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.stream import Disposition
from containers import RATE, Track, written
from servers import Server
from transcripts import words

pytestmark = pytest.mark.slow
LATE, GAP, OPPOSITE, DUB = (
    "audio_starts_at_5s.mp4",
    "timestamp_gap_20s.mkv",
    "stereo_antiphase.wav",
    "two_tracks_second_default.mkv",
)
OPEN, GATE = "Please open the window before you leave.", "The garden gate is painted green."


@pytest.fixture(scope="module")
def headers(server: Server) -> dict[str, str]:
    return server.bearer("reports@example.com")


def sound_of(file: Path) -> np.ndarray:
    """The first channel of a recording, at the rate of made files."""
    resampler = av.AudioResampler("fltp", rate=RATE)
    with av.open(file) as container:
        frames = [done for frame in container.decode(audio=0) for done in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def send(server: Server, headers: dict[str, str], file: Path, query: str = "") -> Any:
    """The response for a file of the reports."""
    kind = {"Content-Type": "application/octet-stream"}
    return server.post(
        f"/api/v1/stt{query}", headers={**headers, **kind}, content=file.read_bytes()
    )


def test_files_of_the_reports(server: Server, headers: dict[str, str], shared: Path) -> None:
    """Their texts, and the times at which players are heard to say them."""
    folder = shared / "data" / "reports"
    expected = {
        LATE: ([(OPEN, 5.0)], 8.0, {}),
        GAP: ([(OPEN, 0.0), (GATE, 23.8)], 26.6, {}),
        OPPOSITE: ([(OPEN, 0.0)], 2.5, {}),
        DUB: ([(OPEN, 0.0)], 2.9, {"track": 2, "tracks": 2}),
    }
    for name, (cues, duration, tracks) in expected.items():
        found = send(server, headers, folder / name).json()
        assert [segment["text"] for segment in found["segments"]] == [text for text, _ in cues]
        for segment, (_, start) in zip(found["segments"], cues, strict=True):
            assert abs(segment["start"] - start) < 0.3
        assert abs(found["duration"] - duration) < 0.1
        assert {key: found[key] for key in ("track", "tracks") if key in found} == tracks
    subtitles = send(server, headers, folder / GAP, "?format=vtt").text
    assert re.findall(r"^[\d:]+(?=\.\d+ -->)", subtitles, re.MULTILINE)[1] in (
        "00:00:23",
        "00:00:24",
    )


def test_a_default_track_in_which_nobody_speaks(
    server: Server, headers: dict[str, str], shared: Path, tmp_path: Path
) -> None:
    """Somebody types in it; the other track is taken. If it was chosen, its text is empty."""
    typing, speech = (
        sound_of(shared / "data" / "reports" / name) for name in ("typing_only.wav", OPPOSITE)
    )
    tracks = [Track([(0, typing)], disposition=Disposition.default), Track([(1, speech)])]
    file = tmp_path / "upload"
    file.write_bytes(written("matroska", *tracks))
    found = send(server, headers, file).json()
    assert (words(found["text"]), found["track"]) == (words(OPEN), 2)
    found = send(server, headers, file, "?track=1").json()
    assert (found["text"], found["track"]) == ("", 1)


def test_a_job_with_a_track(server: Server, headers: dict[str, str], shared: Path) -> None:
    """The job hears the track that was chosen."""
    later = {**headers, "Prefer": "respond-async"}
    job = send(server, later, shared / "data" / "reports" / DUB, "?track=1").json()
    deadline = time.monotonic() + 60
    while job["status"] in ("queued", "running") and time.monotonic() < deadline:
        time.sleep(0.2)
        job = server.get(f"/api/v1/jobs/{job['id']}", headers=headers).json()
    assert job["status"] == "succeeded", json.dumps(job)
    assert (job["result"]["text"], job["result"]["track"]) == (GATE, 1)
