"""Speech recognition without a server: samples go through the service, clips are read."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from api.enginekit.audio import decode
from api.enginekit.pool import EnginePool, Loaded
from api.enginekit.samples import RATE
from api.enginekit.stopwatch import Stopwatch
from api.enginekit.store import ModelStore
from api.services.stt import engines
from api.services.stt.engines import Heard
from api.services.stt.service import Wanted, hear
from api.services.stt.service.recording import Recording


def load(models_dir: Path, name: str) -> Loaded:
    """A model, as the server loads it."""
    store = ModelStore(models_dir)
    return EnginePool("stt", engines.ENGINES, lambda e: next(iter(e.engines)), store).get(name)


def heard(model: Loaded, sound: np.ndarray, wanted: Wanted = Wanted()) -> list[Heard]:  # noqa: B008  # it is frozen
    """What the service makes of samples."""
    pcm = (sound.clip(-1, 1) * 32767).astype(np.int16).tobytes()
    recording = Recording(len(sound) / RATE, io.BytesIO(pcm), None, 1, 1, ())
    return list(hear(model, recording, wanted, Stopwatch()))


def said(found: list[Heard]) -> str:
    return " ".join(segment.text for one in found for segment in one.segments)


def samples(file: Path) -> np.ndarray:
    out = io.BytesIO()
    decode(io.BytesIO(file.read_bytes()), out, 3600)
    return np.frombuffer(out.getvalue(), np.int16).astype(np.float32) / 32768


def clips(shared: Path, *languages: str) -> Iterator[tuple[str, np.ndarray]]:
    """What is said in each clip of these languages, and its samples."""
    folder = shared / "data" / "stt"
    with (folder / "clips.csv").open() as file:
        for row in csv.DictReader(file):
            if row["language"] in languages:
                yield row["transcript"], samples(folder / "clips" / row["file"])
