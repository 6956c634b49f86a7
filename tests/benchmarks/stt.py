"""How well and how fast speech is recognised over HTTP, beside a plain loop of the recogniser.

    .venv/bin/python tests/benchmarks/stt.py CLIPS.CSV [--language en] [--rounds 3]

CLIPS.CSV has the columns file, language and transcript; the files lie in `clips` beside it. Starts
a server with two workers (PERCEPT_DATA_DIR may name a folder with pulled models) and sends it each
clip; the loop, in this process, decodes the clips and recognises each of them whole, without
server, guests or cutting. Rounds of both take turns; the medians count. Prints the word error rates
(lower case, no punctuation), seconds of work per second of sound, and their ratio.
"""

import argparse
import csv
import io
import json
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from servers import Server, start, stop
from transcripts import errors, words

from api.enginekit.audio import RATE, decode
from api.enginekit.pool import EnginePool, Loaded
from api.enginekit.store import ModelStore
from api.services.stt import engines


@dataclass
class Round:
    """What one pass over the clips gave."""

    texts: list[str]
    seconds: float


def read_clips(table: Path, language: str) -> list[tuple[list[str], bytes]]:
    """The words and the file of each clip."""
    with table.open() as file:
        rows = [row for row in csv.DictReader(file) if row["language"] == language]
    folder = table.parent / "clips"
    return [(words(row["transcript"]), (folder / row["file"]).read_bytes()) for row in rows]


def samples(data: bytes) -> np.ndarray:
    """The decoded clip."""
    out = io.BytesIO()
    decode(io.BytesIO(data), out, 3600)
    return np.frombuffer(out.getvalue(), np.int16).astype(np.float32) / 32768


def loop(model: Loaded, files: list[bytes], language: str) -> Round:
    """Decoded and recognised here, one after the other."""
    started = time.perf_counter()
    heard = [model.engine.recognize(samples(data), language, words=False) for data in files]
    spent = time.perf_counter() - started
    return Round([" ".join(s.text for s in one.segments) for one in heard], spent)


def over_http(server: Server, headers: dict[str, str], files: list[bytes], language: str) -> Round:
    """Sent to the server, one after the other."""
    started = time.perf_counter()
    path = f"/api/v1/stt?language={language}"
    answers = [server.post(path, headers=headers, files={"audio": ("x", f)}) for f in files]
    spent = time.perf_counter() - started
    return Round([answer.raise_for_status().json()["text"] for answer in answers], spent)


def measure(server: Server, model: Loaded, args: argparse.Namespace) -> dict[str, float]:
    """Error rates of one round, and the medians of the times of all."""
    clips = read_clips(args.clips, args.language)
    files = [data for _, data in clips]
    sound = sum(len(samples(data)) for data in files) / RATE
    headers = server.bearer("bench@example.com")
    found: dict[str, list[Round]] = {"http": [], "loop": []}
    for _ in range(args.rounds):
        found["http"].append(over_http(server, headers, files, args.language))
        found["loop"].append(loop(model, files, args.language))
    report = {"seconds_of_sound": round(sound, 1)}
    for name, rounds in found.items():
        pairs = zip(clips, rounds[0].texts, strict=True)
        wrong = sum(errors(expected, words(text)) for (expected, _), text in pairs)
        report[f"{name}_wer"] = round(wrong / sum(len(expected) for expected, _ in clips), 4)
        report[f"{name}_rtf"] = round(statistics.median(r.seconds for r in rounds) / sound, 4)
    return {**report, "ratio": round(report["http_rtf"] / report["loop_rtf"], 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--language", default="en")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(os.environ.get("PERCEPT_DATA_DIR", scratch)).resolve()
        store = ModelStore(data / "models")
        model = EnginePool("stt", engines.ENGINES, lambda e: next(iter(e.engines)), store).get()
        server = start(
            Path(scratch), PERCEPT_RATE_LIMITS="off", PERCEPT_DATA_DIR=str(data),
            PERCEPT_SERVICES="accounts,history,stt",
        )  # fmt: skip
        try:
            sys.stdout.write(json.dumps(measure(server, model, args)) + "\n")
        finally:
            stop(server)


if __name__ == "__main__":
    main()
