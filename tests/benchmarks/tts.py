"""How soon speech begins and how fast it is made, as ratios taken in one run.

    .venv/bin/python tests/benchmarks/tts.py [--voice en_us-joe-medium] [--characters 5000]
        [--rounds 5] [--opening 0]

Starts a server, lets it read a text in every format, and prints for each one line of JSON: the
time to the first byte (median and 95th percentile) and the median to the last, the part that the
first is of the last, and the time to the last byte by the length of the sound (the real-time
factor). The CPU time of the server's processes says more on a machine that is busy.

`--voice` names a voice of eSpeak or a Piper model, which PERCEPT_MODELS_MIRROR has. With
`--opening`, the first sentence has about that many characters.
"""

import argparse
import io
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import av
import httpx
import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from servers import Server, start, stop

from api.enginekit.store import ModelStore

FORMATS = ("wav", "mp3", "opus", "flac", "aac")
SENTENCE = "The ship sailed out of the harbour before the sun came up, and nobody saw it go. "
GOES_ON = "and sailed past the island with the old lighthouse on it "


def once(client: httpx.Client, body: dict[str, str]) -> tuple[float, float, float]:
    """Seconds to the first byte and to the last, and seconds of sound."""
    started = time.perf_counter()
    with client.stream("POST", "/api/v1/tts", json=body) as answer:
        answer.raise_for_status()
        chunks = answer.iter_raw()
        data = next(chunks)
        first = time.perf_counter() - started
        data += b"".join(chunks)
    last = time.perf_counter() - started
    with av.open(io.BytesIO(data)) as sound:
        return first, last, (sound.duration or 0) / 1_000_000


def cpu_seconds(server: Server) -> float:
    """CPU time of all processes of the server so far."""
    master = psutil.Process(server.process.pid)
    return sum(sum(p.cpu_times()[:2]) for p in (master, *master.children(recursive=True)))


def measure(server: Server, body: dict[str, str], rounds: int) -> dict[str, float | str]:
    """The medians of some rounds, and their ratios."""
    headers = server.bearer("bench@example.com")
    with httpx.Client(base_url=server.url, headers=headers, timeout=600) as client:
        once(client, {**body, "text": "Hello."})
        before = cpu_seconds(server)
        found = [once(client, body) for _ in range(rounds)]
        spent = (cpu_seconds(server) - before) / rounds
    first, last, sound = (statistics.median(times) for times in zip(*found, strict=True))
    slowest = sorted(times[0] for times in found)[int(0.95 * (rounds - 1))]
    return {
        "voice": body["voice"],
        "format": body["format"],
        "first_ms": round(1000 * first, 1),
        "first_p95_ms": round(1000 * slowest, 1),
        "last_ms": round(1000 * last, 1),
        "first_of_last": round(first / last, 3),
        "real_time_factor": round(last / sound, 5),
        "cpu_by_sound": round(spent / sound, 5),
    }


def text_of(characters: int, opening: int) -> str:
    """A text of so many characters, which begins with a sentence of so many."""
    begin = f"The ship left {GOES_ON * (opening // len(GOES_ON))}. " if opening else ""
    return (begin + SENTENCE * (characters // len(SENTENCE) + 1))[:characters]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voice", default="en-us+f2")
    parser.add_argument("--characters", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--opening", type=int, default=0)
    parser.add_argument("--formats", default=",".join(FORMATS))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        if mirror := os.environ.get("PERCEPT_MODELS_MIRROR"):
            ModelStore(Path(scratch) / "data" / "models", mirror=mirror).pull(args.voice)
        server = start(
            Path(scratch),
            PERCEPT_RATE_LIMITS="off",
            PERCEPT_SERVICES="accounts,history,tts",
            PERCEPT_WORKERS="1",
            PERCEPT_MAX_CHARACTERS=str(max(5000, args.characters)),
        )
        try:
            body = {"voice": args.voice, "text": text_of(args.characters, args.opening)}
            for form in args.formats.split(","):
                line = json.dumps(measure(server, {**body, "format": form}, args.rounds))
                sys.stdout.write(line + "\n")
                sys.stdout.flush()
        finally:
            stop(server)


if __name__ == "__main__":
    main()
