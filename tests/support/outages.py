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
# A user may have 50; a few may be stored without anybody having been told.
KEYS_EACH = 40


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
    """Makes API keys for some people in turn, and remembers which ones were acknowledged."""

    def __init__(self, server: Server, email: str, people: int = 4) -> None:
        self.server = server
        emails = [email, *(f"{number}.{email}" for number in range(1, people))]
        self._people = [server.bearer(one) for one in emails]
        self.acknowledged: set[str] = set()

    def write(self, client: httpx.Client) -> httpx.Response:
        """Makes one key."""
        headers = self._people[len(self.acknowledged) // KEYS_EACH]
        answer = client.post(KEYS, json={"name": "x"}, headers=headers)
        if answer.status_code == 201:
            self.acknowledged.add(answer.json()["id"])
        return answer

    def read(self, client: httpx.Client) -> httpx.Response:
        """Reads the own account."""
        return client.get("/api/v1/users/me", headers=self._people[0])

    def missing(self) -> set[str]:
        """Which acknowledged keys are not there."""
        pages = [self.server.get(f"{KEYS}?limit=100", headers=one).json() for one in self._people]
        return self.acknowledged - {item["id"] for page in pages for item in page["items"]}


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
