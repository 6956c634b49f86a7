"""Reloads under load, and the end of a server that is busy: how many requests fail.

    .venv/bin/python tests/benchmarks/reloads.py [--reloads 10]

Starts a server with two workers and clients that read and classify, half of them over kept
connections; reloads it again and again; then sends it eight pages to read and TERM.
"""

import argparse
import io
import json
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from PIL import Image, ImageDraw, ImageFont

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from load import load, reading_and_classifying, reload
from servers import Server, start, stop

PAGES = 8


def say(**figures: object) -> None:
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()


def page() -> bytes:
    """A page of text that takes about a second to read."""
    picture = Image.new("RGB", (1600, 1600), "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(36)
    for line in range(20):
        draw.text((60, 60 + 70 * line), "The quick brown fox jumps over the dog", "black", font)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def reloads(server: Server, times: int) -> None:
    """So many reloads under load."""
    with load(server.url, reading_and_classifying(server), 0.01) as seen:
        time.sleep(1)
        spent = []
        for _ in range(times):
            started = time.monotonic()
            reload(server)
            spent.append(round(time.monotonic() - started, 1))
    say(reloads_s=spent, answers=dict(seen.answers), failures=seen.failures)
    say(slowest_s=round(seen.slowest, 2))


def ending(server: Server) -> None:
    """TERM while pages are read."""
    headers, body = server.bearer("reader@example.com"), page()
    url = f"{server.url}/api/v1/ocr"

    def read(_: int) -> int:
        files = {"image": ("page.png", body, "image/png")}
        return httpx.post(url, headers=headers, files=files, timeout=60).status_code

    with ThreadPoolExecutor(PAGES) as clients:
        answers = clients.map(read, range(PAGES))
        threading.Event().wait(0.7)
        started = time.monotonic()
        status = stop(server)
        say(term_s=round(time.monotonic() - started, 2), exit=status, answers=list(answers))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reloads", type=int, default=10)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = start(Path(folder), PERCEPT_RATE_LIMITS="off")
        reloads(server, args.reloads)
        ending(server)


if __name__ == "__main__":
    main()
