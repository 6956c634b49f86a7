"""How soon speech begins and how fast it is made, as ratios taken in one run.

    .venv/bin/python tests/benchmarks/tts.py [--characters 5000] [--rounds 5]

Starts a server, lets it read a text in every format, and prints for each one line of JSON: the
median time to the first byte and to the last, the part that the first is of the last, and the time
to the last byte by the length of the sound (the real-time factor).
"""

import argparse
import io
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import av
import httpx

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from servers import Server, start, stop

FORMATS = ("wav", "mp3", "opus", "flac", "aac")
SENTENCE = "The ship sailed out of the harbour before the sun came up, and nobody saw it go. "


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


def measure(server: Server, text: str, form: str, rounds: int) -> dict[str, float | str]:
    """The medians of some rounds, and their ratios."""
    headers = server.bearer("bench@example.com")
    with httpx.Client(base_url=server.url, headers=headers, timeout=120) as client:
        once(client, {"text": "Hello.", "format": form})
        found = [once(client, {"text": text, "format": form}) for _ in range(rounds)]
    first, last, sound = (statistics.median(times) for times in zip(*found, strict=True))
    return {
        "format": form,
        "first_ms": round(1000 * first, 1),
        "last_ms": round(1000 * last, 1),
        "first_of_last": round(first / last, 3),
        "real_time_factor": round(last / sound, 5),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--characters", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    text = (SENTENCE * (args.characters // len(SENTENCE) + 1))[: args.characters]
    with tempfile.TemporaryDirectory() as scratch:
        services = "accounts,history,tts"
        server = start(Path(scratch), PERCEPT_RATE_LIMITS="off", PERCEPT_SERVICES=services)
        try:
            for form in FORMATS:
                line = json.dumps(measure(server, text, form, args.rounds))
                sys.stdout.write(line + "\n")
                sys.stdout.flush()
        finally:
            stop(server)


if __name__ == "__main__":
    main()
