"""What one core does of each service, and the memory of a server that offers it alone.

    .venv/bin/python tests/benchmarks/sizing.py PICTURE PAGE RECORDING [--times 20]

Counts the CPU time of the server's processes, guests included, not the time of the clock: a core
does 1/that in a second, whatever else the machine does meanwhile. Memory is the sum over the
processes of one server with one worker and one guest (proportional set size: what is shared
counts once). PERCEPT_DATA_DIR may name a folder with pulled models.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from servers import Server, start, stop

TEXT = "The ferry leaves at nine, so please open the window and close the door before you go. "
Send = Callable[[httpx.Client], httpx.Response]


def family(server: Server) -> list[psutil.Process]:
    master = psutil.Process(server.process.pid)
    return [master, *master.children(recursive=True)]


def cpu_seconds(server: Server) -> float:
    """CPU time of all processes of the server so far."""
    return sum(sum(process.cpu_times()[:2]) for process in family(server))


def megabytes(server: Server) -> float:
    """Memory of all processes of the server, MB."""
    return sum(process.memory_full_info().pss for process in family(server)) / 1e6


def requests(args: argparse.Namespace) -> dict[str, Send]:
    """A request of each service."""
    picture, page, sound = (p.read_bytes() for p in (args.picture, args.page, args.recording))
    return {
        "accounts,history,jobs": lambda c: c.get("/api/v1/history"),
        "classify": lambda c: c.post("/api/v1/classify", files={"image": picture}),
        "ocr": lambda c: c.post("/api/v1/ocr", files={"image": page}),
        "tts": lambda c: c.post("/api/v1/tts", json={"text": TEXT}),
        "stt": lambda c: c.post("/api/v1/stt", files={"audio": sound}),
    }


def measure(services: str, send: Send, times: int, scratch: Path, data: Path) -> dict[str, object]:
    """One service: CPU seconds of a request, memory before and after, what the answer says."""
    offered = services if "accounts" in services else f"accounts,{services}"
    more = {"PERCEPT_SERVICES": offered, "PERCEPT_WORKERS": "1", "PERCEPT_GUESTS": "1"}
    server = start(scratch, PERCEPT_DATA_DIR=str(data), PERCEPT_RATE_LIMITS="off", **more)
    try:
        headers = server.bearer("bench@example.com")
        with httpx.Client(base_url=server.url, headers=headers, timeout=300) as client:
            before = megabytes(server)
            answer = send(client).raise_for_status()
            started = cpu_seconds(server)
            for _ in range(times):
                send(client).raise_for_status()
            spent = (cpu_seconds(server) - started) / times
        return {
            "cpu_s": round(spent, 4),
            "per_core_per_s": round(1 / spent, 2),
            "mb_ready": round(before),
            "mb_after": round(megabytes(server)),
            "bytes": len(answer.content),
        }
    finally:
        stop(server)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("picture", "page", "recording"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--times", type=int, default=20)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(os.environ.get("PERCEPT_DATA_DIR", scratch)).resolve()
        for services, send in requests(args).items():
            found = measure(services, send, args.times, Path(scratch), data)
            sys.stdout.write(json.dumps({"services": services, **found}) + "\n")


if __name__ == "__main__":
    main()
