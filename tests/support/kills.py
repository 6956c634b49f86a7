"""Sends jobs to a running Percept and kills its workers, with all their children, meanwhile."""

import contextlib
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx
import psutil
from servers import Server

SENDERS = 4
FINAL = {"succeeded", "failed", "cancelled"}


@dataclass
class Outcome:
    """What has become of all acknowledged jobs."""

    acknowledged: int
    by_status: dict[str, int]
    errors: set[str]
    seconds_after_last_kill: float
    succeeded: set[str]
    stored: list[str]


def kill_with_children(process: psutil.Process) -> None:
    """kill -9, as it comes: the children first, so that none outlives its parent unseen."""
    for one in [*process.children(recursive=True), process]:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()


def storm(
    server: Server, jobs: int, kills: int, every_s: float, kill: Callable[[], None]
) -> Outcome:
    """So many naps of 0.2 to 2 seconds, half of them in a child, and so many kills meanwhile."""
    chance = random.Random(4)
    bearer = server.bearer("ada@example.com")
    sent: list[str] = []

    def send(number: int) -> None:
        nap = {"name": f"{number}", "seconds": chance.uniform(0.2, 2), "child": number % 2 == 0}
        headers = {**bearer, "Prefer": "respond-async"}
        # Who was not answered asks again: what counts is what was acknowledged.
        for _ in range(50):
            with contextlib.suppress(httpx.TransportError):
                answer = server.post("/api/v1/nap", json=nap, headers=headers)
                if answer.status_code == 202:
                    sent.append(answer.json()["id"])
                    return
            time.sleep(0.1)

    def killing() -> None:
        for _ in range(kills):
            time.sleep(every_s)
            kill()

    killer = threading.Thread(target=killing)
    killer.start()
    with ThreadPoolExecutor(SENDERS) as senders:
        list(senders.map(send, range(jobs)))
    killer.join()
    ended = time.monotonic()
    found = _wait_for_all(server, bearer, sent)
    after = time.monotonic() - ended
    jobs_then = items(server, bearer, "jobs")
    return Outcome(
        len(sent),
        found,
        {_error(server, bearer, job["id"]) for job in jobs_then if job["status"] == "failed"},
        after,
        {job["id"] for job in jobs_then if job["status"] == "succeeded"},
        sorted(entry["id"] for entry in items(server, bearer, "history")),
    )


def _error(server: Server, bearer: dict[str, str], job_id: str) -> str:
    return str(server.get(f"/api/v1/jobs/{job_id}", headers=bearer).json()["error"])


def _wait_for_all(server: Server, bearer: dict[str, str], sent: list[str]) -> dict[str, int]:
    """How many of the jobs are in which state, once all are final or 90 seconds are over."""
    deadline = time.monotonic() + 90
    while True:
        status = {job["id"]: job["status"] for job in items(server, bearer, "jobs")}
        mine = [status[job_id] for job_id in sent if job_id in status]
        if set(mine) <= FINAL or time.monotonic() > deadline:
            return {one: mine.count(one) for one in set(mine)}
        time.sleep(0.25)


def items(server: Server, bearer: dict[str, str], what: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    cursor = ""
    while True:
        try:
            page = server.get(f"/api/v1/{what}?limit=100{cursor}", headers=bearer).json()
        except httpx.TransportError:
            continue
        found += page["items"]
        if not page["next_cursor"]:
            return found
        cursor = f"&cursor={page['next_cursor']}"
