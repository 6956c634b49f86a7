"""nginx serves Percept under a path: the page at /docs works there, and pooled uploads do."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from browsing import execute, open_operation
from demo.front import nginx
from demo.topology import LIMITS, SERVICES
from selenium.webdriver import Chrome
from servers import Server, free_port

from api.config import ROOT

pytestmark = pytest.mark.slow
UNDER = """
server {
    listen 127.0.0.1:%(port)d;
%(locations)s
}
"""


def documented(port: int, upstream: int) -> str:
    """The configuration that docs/operations.md gives, for these ports."""
    text = (ROOT / "docs" / "operations.md").read_text()
    locations = text[text.index("location = /percept") :].partition("```")[0]
    locations = locations.replace("127.0.0.1:8000", f"127.0.0.1:{upstream}")
    return UNDER % {"port": port, "locations": locations}


@pytest.fixture
def fronts(serve: Callable[..., Server], tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The addresses of one nginx: as in deploy/nginx, and under /percept."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    if program is None:
        pytest.skip("nginx is not installed (Debian: nginx-light)")
    server = serve(PERCEPT_SERVICES="accounts,jobs", PERCEPT_TRUSTED_PROXIES="1")
    plain, under = free_port(), free_port()
    part = nginx(tmp_path, plain, {name: [server.port] for name in SERVICES}, LIMITS)
    (tmp_path / "nginx" / "conf.d" / "under.conf").write_text(documented(under, server.port))
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(list(map(str, part.command)), stdout=log, stderr=log)
    deadline = time.monotonic() + 10
    while not is_ready(part.ready) and time.monotonic() < deadline:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{plain}", f"http://127.0.0.1:{under}/percept"
    process.terminate()
    process.wait()


def is_ready(ask: Callable[[], bool]) -> bool:
    try:
        return ask()
    except OSError:
        return False


def test_behind_nginx(fronts: tuple[str, str], browser: Chrome) -> None:
    """The page loads, its operations reach the server; refused uploads spoil no connection."""
    plain, under = fronts
    browser.get(f"{under}/")
    assert browser.current_url == f"{under}/docs"
    status, user = execute(open_operation(browser, "post", "/auth/register"))
    assert (status, user["active"]) == ("201", True)
    assert not [e["message"] for e in browser.get_log("browser") if e["level"] == "SEVERE"]

    content = "/api/v1/uploads/01a1fbed-c317-7722-907f-f02a73331a68/content"
    for address in (plain, under):
        with httpx.Client(base_url=address) as client:
            for _ in range(10):
                assert client.put(content, content=bytes(5_000_000)).status_code == 403
                assert client.get("/health/live").status_code == 200
