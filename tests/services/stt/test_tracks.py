"""POST /stt with files of several tracks."""

import io
from typing import Any

import av
import numpy as np
import pytest
from av.stream import Disposition
from containers import RATE, Track, written
from flask.testing import FlaskClient

PATH = "/api/v1/stt"
Person = dict[str, Any]


@pytest.fixture(scope="session")
def speech(beckett: bytes) -> np.ndarray:
    """The first words of the recording."""
    resampler = av.AudioResampler("fltp", "mono", RATE)
    with av.open(io.BytesIO(beckett)) as file:
        frames = [done for frame in file.decode(audio=0) for done in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])[: 3 * RATE]


@pytest.fixture(scope="session")
def two_tracks(speech: np.ndarray) -> bytes:
    """A video whose default track, the first, is silent; somebody speaks in the second."""
    silent = Track([(0, np.zeros(RATE))], disposition=Disposition.default)
    spoken = Track([(0, speech)])
    return written("matroska", silent, spoken, video=(0, 8))


def ask(client: FlaskClient, person: Person, data: bytes, query: str = "", **headers: str) -> Any:
    """The response for a file as the body."""
    kind = {"Content-Type": "video/x-matroska"}
    return client.post(PATH + query, data=data, headers={**person["headers"], **kind, **headers})


def test_the_answer_names_the_track(client: FlaskClient, ada: Person, two_tracks: bytes) -> None:
    """The first in which somebody speaks, or the one that was chosen in a field of the form."""
    found = ask(client, ada, two_tracks).get_json()
    assert found["text"]
    assert (found["track"], found["tracks"], round(found["duration"])) == (2, 2, 8)
    form = {"audio": (io.BytesIO(two_tracks), "x.mkv"), "track": "1"}
    chosen = client.post(PATH, data=form, headers=ada["headers"]).get_json()
    assert (chosen["text"], chosen["track"], chosen["tracks"]) == ("", 1, 2)
    entry = client.get(f"/api/v1/history/{chosen['id']}", headers=ada["headers"]).get_json()
    assert (entry["options"]["track"], entry["result"]["track"]) == (1, 1)


def test_tracks_that_do_not_exist(client: FlaskClient, ada: Person, two_tracks: bytes) -> None:
    """The refusal says which there are, in both languages."""
    answer = ask(client, ada, two_tracks, "?track=3")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "track_not_found")
    assert "1 to 2" in answer.get_json()["detail"]
    spanish = {"Accept-Language": "es"}
    detail = ask(client, ada, two_tracks, "?track=3", **spanish).get_json()["detail"]
    assert "pista" in detail
    for wrong in ("0", "-1", "first"):
        answer = ask(client, ada, two_tracks, f"?track={wrong}")
        assert answer.get_json()["code"] == "validation_failed"
