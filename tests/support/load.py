"""Clients that keep a server busy, and remember exactly what went wrong."""

import io
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import psutil
from PIL import Image
from servers import Server

Ask = Callable[[httpx.Client], httpx.Response]


@dataclass
class Load:
    """What the clients have seen so far."""

    answers: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: float = 0.0
    # When answers came, and their status; seconds of the monotonic clock.
    times: list[tuple[float, int]] = field(default_factory=list)

    def note(self, ask: Callable[[], httpx.Response]) -> None:
        """Asks once."""
        started = time.monotonic()
        status = 0
        try:
            answer = ask()
            status = answer.status_code
            if status == 503 and "Retry-After" not in answer.headers:
                self.failures.append("503 without Retry-After")
        except httpx.HTTPError as error:
            self.failures.append(f"{type(error).__name__}: {error}")
        now = time.monotonic()
        self.answers[status] += 1
        self.times.append((now, status))
        self.slowest = max(self.slowest, now - started)


@contextmanager
def load(url: str, asks: list[Ask], pause: float = 0.0) -> Iterator[Load]:
    """Runs two clients for each way to ask: one keeps its connection, one makes new ones."""
    seen, over = Load(), threading.Event()

    def keep(ask: Ask) -> None:
        with httpx.Client(base_url=url, timeout=30) as client:
            while not over.wait(pause):
                seen.note(lambda: ask(client))

    def renew(ask: Ask) -> None:
        while not over.wait(pause):
            with httpx.Client(base_url=url, timeout=30) as client:
                seen.note(lambda: ask(client))

    threads = [threading.Thread(target=way, args=[ask]) for ask in asks for way in (keep, renew)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        over.set()
        for thread in threads:
            thread.join()


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), "orange").save(out, "PNG")
    return out.getvalue()


def reading_and_classifying(server: Server) -> list[Ask]:
    """What the clients do all the time."""
    headers, image = server.bearer("busy@example.com"), ("a.png", picture(), "image/png")
    return [
        lambda c: c.get("/api/v1/users/me", headers=headers),
        lambda c: c.post("/api/v1/classify", headers=headers, files={"image": image}),
    ]


def reload(server: Server) -> None:
    """Sends HUP, and waits until all workers are new ones."""
    master = psutil.Process(server.process.pid)
    old = set(master.children())
    server.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 120
    while set(master.children()) & old:
        assert time.monotonic() < deadline
        time.sleep(0.05)
