"""What clients see while something that the server leans on is away, and after that."""

import time
from collections import Counter
from dataclasses import dataclass

import httpx
from backends import Background
from load import Ask, Load, load
from servers import Server

KEYS = "/api/v1/auth/api-keys"
BACK_SECONDS = 30
# Nobody was refused for so long: it is over.
CALM_SECONDS = 1.5


@dataclass
class Seen:
    """One outage. Times are in seconds.

    `first` counts from when the program answers again to the first good answer, `back` to the
    last refusal, or to the first good answer where nobody was refused any more.
    """

    longest: float
    first: float
    back: float
    answers: Counter[int]
    failures: list[str]


class Writer:
    """Makes API keys, and remembers which ones were acknowledged."""

    def __init__(self, server: Server, email: str) -> None:
        self.server = server
        self.headers = server.bearer(email)
        self.acknowledged: set[str] = set()

    def write(self, client: httpx.Client) -> httpx.Response:
        """Makes one key."""
        answer = client.post(KEYS, json={"name": "x"}, headers=self.headers)
        if answer.status_code == 201:
            self.acknowledged.add(answer.json()["id"])
        return answer

    def read(self, client: httpx.Client) -> httpx.Response:
        """Reads the own account."""
        return client.get("/api/v1/users/me", headers=self.headers)

    def missing(self) -> set[str]:
        """Which acknowledged keys are not there."""
        found: set[str] = set()
        cursor: str | None = ""
        while cursor is not None:
            more = f"&cursor={cursor}" if cursor else ""
            page = self.server.get(f"{KEYS}?limit=100{more}", headers=self.headers).json()
            found |= {item["id"] for item in page["items"]}
            cursor = page["next_cursor"]
        return self.acknowledged - found


def outage(server: Server, asks: list[Ask], away: Background, how: str, seconds: float) -> Seen:
    """Lets a program be away for so long while clients go on asking, and waits for the end."""
    leave, come = {"stop": (away.stop, away.start), "freeze": (away.freeze, away.thaw)}[how]
    with load(server.url, asks, 0.05) as seen:
        time.sleep(0.5)
        leave()
        time.sleep(seconds)
        come()
        returned = time.monotonic()
        first, back = _calm(seen, returned)
    return Seen(seen.slowest, first - returned, back - returned, seen.answers, seen.failures)


def _calm(seen: Load, returned: float) -> tuple[float, float]:
    """Waits until nobody is refused any more; when the first was answered well, and all were."""
    while True:
        later = [(t, 200 <= status < 300) for t, status in seen.times if t > returned]
        good = min((t for t, well in later if well), default=0.0)
        back = max((t for t, well in later if not well), default=good)
        now = time.monotonic()
        if good and now - max(good, back) > CALM_SECONDS:
            return good, max(good, back)
        assert now < returned + BACK_SECONDS, seen.answers
        time.sleep(0.02)
