"""What a long recording costs: time, but no memory."""

import io
import json
import subprocess
import sys
import wave
from pathlib import Path

import av
import numpy as np
import pytest
from servers import environment

pytestmark = pytest.mark.slow
MEGABYTE = 1_000_000
TRANSCRIBE = """
import json, resource, sys
from pathlib import Path
from api.enginekit.audio import decode
from api.enginekit.installed import InstalledModels
from api.enginekit.pool import EnginePool
from api.enginekit.stopwatch import Stopwatch
from api.services.stt import engines, service

if __name__ == "__main__":
    store = InstalledModels(Path("models"))
    model = EnginePool("stt", engines.ENGINES, lambda e: next(iter(e.engines)), store).get()
    limits, peaks, lengths = service.Limits(60, keep=True), [], []
    for name in sys.argv[1:]:
        with open(name, "rb") as source, open("sound", "wb") as sink:
            decode(source, sink, 3600)  # as a guest does
        data = Path(name).read_bytes()
        found = service.transcribe(model, data, service.Wanted("en"), limits, Stopwatch())
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
        lengths.append((found.duration, len(found.segments), found.segments[-1].end))
    print(json.dumps([peaks, lengths]))
"""


def recording(speech: bytes, minutes: int) -> bytes:
    """FLAC: ten seconds of speech every two minutes, hiss between."""
    with wave.open(io.BytesIO(speech)) as file:
        said = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    hiss = np.random.default_rng(0).integers(-1, 2, 120 * 16_000 - len(said)).astype(np.int16)
    out = io.BytesIO()
    with av.open(out, "w", format="flac") as file:
        stream = file.add_stream("flac", rate=16_000, layout="mono")
        for _ in range(minutes // 2):
            for part in (said, hiss):
                frame = av.AudioFrame.from_ndarray(part[np.newaxis], "s16", "mono")
                frame.sample_rate = 16_000
                file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return out.getvalue()


def test_length_costs_no_memory(beckett: bytes, tmp_path: Path) -> None:
    """Twenty minutes take no more than two, but for the file itself and its copy."""
    files = [tmp_path / "short.flac", tmp_path / "long.flac"]
    for file, minutes in zip(files, (2, 20), strict=True):
        file.write_bytes(recording(beckett, minutes))
    script = tmp_path / "transcribe.py"
    script.write_text(TRANSCRIBE)
    done = subprocess.run(
        [sys.executable, script, *files],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    (short, long), lengths = json.loads(done.stdout)
    assert long - short < 2 * files[1].stat().st_size + 15 * MEGABYTE
    assert [round(seconds) for seconds, _, _ in lengths] == [120, 1200]
    assert lengths[1][1] == 10 * lengths[0][1]
    assert 1080 < lengths[1][2] < 1092
