"""The parts of `make demo-scale`, each asked past nginx, and what is left of them."""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from demo.topology import SERVICES, Topology
from pages import drawn, file_of

PROGRAMS = ("nginx", "prometheus", "redis-server", "setpriv")
SERVERS = [*SERVICES]
PASSWORD = "ten thousand small lamps"


def need_programs() -> None:
    path = f"{os.environ['PATH']}:/usr/sbin"
    missing = [name for name in PROGRAMS if not shutil.which(name, path=path)]
    if not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        missing.append("postgresql")
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def left_of(folder: Path) -> list[str]:
    """The processes that were started in the folder or name it."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        line = " ".join(process.info["cmdline"] or [])
        if str(folder) in line or str(folder) in (process.info["cwd"] or ""):
            found.append(line)
    return found


def sign_in(client: httpx.Client, email: str) -> dict[str, str]:
    body = {"email": email, "password": PASSWORD}
    assert client.post("/api/v1/auth/register", json=body).status_code == 201
    token = client.post("/api/v1/auth/login", json=body).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


def at(topology: Topology, name: str, n: int = 0) -> str:
    """The address of one process, past nginx."""
    return f"http://127.0.0.1:{topology.ports[name][n]}"


def everywhere(topology: Topology) -> list[str]:
    return [f"http://127.0.0.1:{port}" for name in SERVERS for port in topology.ports[name]]


def eventually(ask: Callable[[], Any], seconds: float = 20) -> Any:
    """What it answers once that is true; the last answer if it never is."""
    until = time.monotonic() + seconds
    while not (answer := ask()) and time.monotonic() < until:
        time.sleep(0.2)
    return answer


def picture(words: str) -> bytes:
    return file_of(drawn([words], (600, 200)))


def workers(topology: Topology) -> list[int]:
    return topology.ports["worker"]


def events(
    client: httpx.Client, path: str, headers: dict[str, str]
) -> Iterator[tuple[float, dict[str, Any]]]:
    """Each event of a job, and when it came."""
    with client.stream("GET", path, headers=headers) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("data:"):
                yield time.monotonic(), json.loads(line.removeprefix("data:"))


def metric(url: str, name: str) -> float:
    """The sum of all samples of one metric of one process."""
    text = httpx.get(f"{url}/metrics").text
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))


def documented(url: str) -> set[str]:
    return set(httpx.get(f"{url}/openapi.json").json()["paths"])
