"""Whether a second classify process behind nginx lowers the throughput: a ratio, taken in one run.

    .venv/bin/python tests/benchmarks/scale.py PICTURE [--requests 200] [--at-once 4] [--rounds 9]

Starts the topology of `make demo-scale` with two classify processes of one worker each, and a
second nginx that knows only one of them. Rounds through both take turns; the medians count.
"""

import argparse
import json
import statistics
import sys
import threading
import time
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).parents[2] / "deploy"))
from demo.front import nginx
from demo.parts import free_ports
from demo.topology import LIMITS, Topology

PERSON = {"email": "bench@example.com", "password": "ten thousand small lamps"}


def rate(url: str, headers: dict[str, str], picture: bytes, times: int, clients: int) -> float:
    """Pictures per second of clients that each keep their connection."""

    def client() -> None:
        with httpx.Client(base_url=url, headers=headers, timeout=60) as connection:
            for _ in range(times // clients):
                connection.post("/api/v1/classify", content=picture).raise_for_status()

    threads = [threading.Thread(target=client) for _ in range(clients)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times / (time.perf_counter() - started)


def measure(topology: Topology, args: argparse.Namespace) -> dict[str, object]:
    """The medians of all rounds, their ratio, and the ratio of each pair."""
    one = next(free_ports())
    fewer = topology.ports | {"classify": topology.ports["classify"][:1]}
    topology.programs.start(nginx(topology.folder, one, fewer, LIMITS, "nginx-one"))
    httpx.post(f"{topology.url}/api/v1/auth/register", json=PERSON).raise_for_status()
    signed_in = httpx.post(f"{topology.url}/api/v1/auth/login", json=PERSON).json()
    headers = {"Authorization": f"Bearer {signed_in['access_token']}", "Content-Type": "image/jpeg"}
    urls = {"one": f"http://127.0.0.1:{one}", "two": topology.url}
    found: dict[str, list[float]] = {name: [] for name in urls}
    for turn in range(args.rounds + 1):
        for name in sorted(urls, reverse=bool(turn % 2)):
            speed = rate(
                urls[name], headers, args.picture.read_bytes(), args.requests, args.at_once
            )
            if turn:  # the first one warms up
                found[name].append(speed)
    pairs = [two / one for one, two in zip(found["one"], found["two"], strict=True)]
    return {
        "one_per_s": round(statistics.median(found["one"]), 1),
        "two_per_s": round(statistics.median(found["two"]), 1),
        "ratio": round(statistics.median(pairs), 2),
        "pairs": sorted(round(pair, 2) for pair in pairs),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    with Topology(replicas={"accounts": 1, "worker": 0}) as topology:
        sys.stdout.write(json.dumps(measure(topology, args)) + "\n")


if __name__ == "__main__":
    main()
