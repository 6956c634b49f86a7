"""How much of the engine's speed is left over HTTP: a ratio, taken in one run.

    .venv/bin/python tests/benchmarks/classify.py PICTURE [--requests 400] [--at-once 4]

Starts a server with two workers (PERCEPT_DATA_DIR may name a folder with pulled models), sends it
the picture many times, and classifies the same picture in two plain processes. Rounds of both
take turns, so that whatever else the machine does disturbs both alike; the medians count.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from servers import Server, start, stop

from api.enginekit.pool import EnginePool
from api.enginekit.stopwatch import Stopwatch
from api.enginekit.store import ModelStore
from api.services.classify import engines, service

OPTIONS = service.Options(top_k=5, language="en", max_pixels=40_000_000)
ROUNDS = 5


def loop(models: Path, picture: bytes, times: int) -> float:
    """Pictures per second of one process without a server."""
    pool = EnginePool("classify", engines.ENGINES, lambda _: "litert", ModelStore(models))
    loaded = pool.get()
    started = time.perf_counter()
    for _ in range(times):
        service.classify(loaded, picture, OPTIONS, Stopwatch())
    return times / (time.perf_counter() - started)


def without_server(models: Path, picture: bytes, times: int) -> float:
    """Pictures per second of two processes."""
    with ProcessPoolExecutor(2) as processes:
        return sum(processes.map(partial(loop, models, picture), [times // 2] * 2))


def over_http(server: Server, headers: dict[str, str], picture: bytes, times: int, n: int) -> float:
    """Pictures per second of `n` clients that each keep their connection."""

    def client() -> None:
        with httpx.Client(base_url=server.url, headers=headers, timeout=60) as connection:
            for _ in range(times // n):
                connection.post("/api/v1/classify", content=picture).raise_for_status()

    threads = [threading.Thread(target=client) for _ in range(n)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times / (time.perf_counter() - started)


def measure(server: Server, models: Path, args: argparse.Namespace) -> dict[str, float]:
    """The medians of some rounds, and their ratio."""
    picture = args.picture.read_bytes()
    headers = server.bearer("bench@example.com") | {"Content-Type": "image/jpeg"}
    ways: dict[str, Callable[[], float]] = {
        "http": lambda: over_http(server, headers, picture, args.requests, args.at_once),
        "loop": lambda: without_server(models, picture, args.requests),
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            found[name].append(way())
    http, plain = (statistics.median(found[name]) for name in ("http", "loop"))
    return {
        "http_per_s": round(http, 1),
        "loop_per_s": round(plain, 1),
        "ratio": round(http / plain, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--at-once", type=int, default=4)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(os.environ.get("PERCEPT_DATA_DIR", scratch)).resolve()
        server = start(Path(scratch), PERCEPT_RATE_LIMITS="off", PERCEPT_DATA_DIR=str(data))
        try:
            sys.stdout.write(json.dumps(measure(server, data / "models", args)) + "\n")
        finally:
            stop(server)


if __name__ == "__main__":
    main()
