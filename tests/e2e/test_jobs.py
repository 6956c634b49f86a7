"""Jobs as a client sees them: followed while they run, told of when they have ended."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from receivers import SECRET, receiving
from servers import Server
from standardwebhooks import Webhook

pytestmark = pytest.mark.slow
PAGES = 6
ASYNC = {"Prefer": "respond-async"}


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PDF file of several scanned pages, which takes a few seconds to read."""
    from PIL import Image, ImageDraw, ImageFont

    pages = []
    for number in range(PAGES):
        page = Image.new("RGB", (900, 400), "white")
        font = ImageFont.load_default(40)
        ImageDraw.Draw(page).text((40, 60), f"Page number {number}\nof the book", "black", font)
        pages.append(page)
    file = tmp_path_factory.mktemp("document") / "book.pdf"
    pages[0].save(file, save_all=True, append_images=pages[1:])
    return file


def send(server: Server, bearer: dict[str, str], document: Path, query: str = "") -> str:
    answer = server.post(
        f"/api/v1/ocr{query}",
        content=document.read_bytes(),
        headers={**bearer, **ASYNC, "Content-Type": "application/pdf"},
    )
    assert answer.status_code == 202, answer.text
    return answer.headers["Location"]


def followed(server: Server, bearer: dict[str, str], place: str) -> list[dict[str, Any]]:
    """The job at each event."""
    found = []
    with httpx.stream("GET", f"{server.url}{place}/events", headers=bearer, timeout=60) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                found.append(json.loads(line.removeprefix("data: ")))
    return found


def test_pages_are_told_one_by_one(server: Server, document: Path) -> None:
    """Progress grows with the pages, in the stream's own time."""
    bearer = server.bearer("pages@example.com")
    seen = followed(server, bearer, send(server, bearer, document))
    progress = [job["progress"] for job in seen]
    assert progress == sorted(progress)
    assert set(progress) - {0, 1} <= {round(n / PAGES, 3) for n in range(PAGES)}
    assert set(progress) - {0, 1}
    assert len(seen[-1]["result"]["pages"]) == PAGES


def test_cancelled_between_pages(server: Server, document: Path) -> None:
    """The stream ends, and nothing of it is in the history."""
    bearer = server.bearer("cancel@example.com")
    place = send(server, bearer, document)
    deadline = time.monotonic() + 30
    while not server.get(place, headers=bearer).json()["progress"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert httpx.delete(server.url + place, headers=bearer).status_code == 204
    assert followed(server, bearer, place)[-1]["status"] == "cancelled"
    assert server.get("/api/v1/history", headers=bearer).json()["items"] == []


def test_somebody_is_told(serve: Callable[..., Server], document: Path) -> None:
    """A signed message, once, which says what GET says."""
    with receiving() as receiver:
        server = serve(
            PERCEPT_WEBHOOK_HOSTS=f"127.0.0.1:{receiver.port}",
            PERCEPT_WEBHOOK_SECRET=SECRET,
            PERCEPT_WEBHOOK_PRIVATE="on",
            PERCEPT_SERVICES="accounts,history,jobs,ocr",
        )
        bearer = server.bearer("ada@example.com")
        url = f"http://127.0.0.1:{receiver.port}/done"
        place = send(server, bearer, document, f"?callback_url={url}")
        deadline = time.monotonic() + 60
        while not receiver.got:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        time.sleep(3)  # more than a round of whoever sends
        job = server.get(place, headers=bearer).json()
    ((path, headers, body),) = receiver.got
    message = Webhook(SECRET).verify(body, headers)
    assert path == "/done"
    assert (message["type"], message["data"]) == ("job.succeeded", job)
