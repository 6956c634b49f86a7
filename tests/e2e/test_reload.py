"""Reloads and the end of a server while it is busy: nobody's request fails."""

import signal
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack

import httpx
import psutil
import pytest
from load import load, picture, reading_and_classifying, reload
from prometheus_client.parser import text_string_to_metric_families
from servers import Server

pytestmark = pytest.mark.slow
# The full ten are tests/benchmarks/reloads.py.
RELOADS = 2
GRACE_SECONDS = 30 + 2
IN_FLIGHT = 8
SERVICES = "accounts,history,classify"


@pytest.fixture
def busy(serve: Callable[..., Server]) -> Server:
    """A server with two workers."""
    return serve(PERCEPT_RATE_LIMITS="off", PERCEPT_SERVICES=SERVICES)


def test_reloads_fail_nobody(busy: Server) -> None:
    """Kept and new connections, reads and classifications: all get their 200."""
    with load(busy.url, reading_and_classifying(busy), 0.02) as seen:
        time.sleep(0.5)
        for _ in range(RELOADS):
            reload(busy)
    assert (seen.failures, set(seen.answers)) == ([], {200})


def test_a_reload_that_cannot_start_changes_nothing(serve: Callable[..., Server]) -> None:
    """A setting that is bad now: the old workers go on, and the next reload takes the good one."""
    server = serve(PERCEPT_RATE_LIMITS="off", PERCEPT_SERVICES="accounts")
    children = psutil.Process(server.process.pid).children
    before = children()
    (server.folder / ".env").write_text("PERCEPT_CAPACITY=many\n")
    with load(server.url, [lambda client: client.get("/health/live")], 0.02) as seen:
        server.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 60
        while "Those that serve go on." not in server.log.read_text() or children() != before:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        time.sleep(2)  # and so it stays
        assert children() == before
        (server.folder / ".env").unlink()
        reload(server)
    assert (seen.failures, set(seen.answers)) == ([], {200})
    assert "PERCEPT_CAPACITY" in server.log.read_text()


def in_flight(server: Server) -> float:
    families = text_string_to_metric_families(server.get("/metrics").text)
    (family,) = (one for one in families if one.name == "percept_http_in_flight")
    return sum(sample.value for sample in family.samples)


def half_sent(server: Server, stack: ExitStack) -> tuple[socket.socket, bytes]:
    """A classification whose picture has arrived but for its last bytes."""
    request = httpx.Client(base_url=server.url).build_request(
        "POST",
        "/api/v1/classify",
        headers=server.bearer("patient@example.com"),
        files={"image": ("a.png", picture(), "image/png")},
    )
    head = f"POST {request.url.path} HTTP/1.1\r\n".encode()
    head += b"".join(b"%s: %s\r\n" % header for header in request.headers.raw)
    whole = head + b"\r\n" + request.read()
    one = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), 40))
    one.sendall(whole[:-50])
    return one, whole[-50:]


def test_term_answers_all_who_wait(busy: Server) -> None:
    """Eight requests are under way: eight answers, no new connections, exit 0 in time."""
    with ExitStack() as stack:
        half = [half_sent(busy, stack) for _ in range(IN_FLIGHT)]
        deadline = time.monotonic() + 20
        while in_flight(busy) < IN_FLIGHT + 1:  # and the one that asks
            assert time.monotonic() < deadline
            time.sleep(0.05)
        busy.process.terminate()
        started = time.monotonic()
        while is_open(busy):
            assert time.monotonic() < started + 10, "still takes new connections"
            time.sleep(0.05)
        for one, rest in half:
            one.sendall(rest)
        answers = [one.makefile("rb").read() for one, _ in half]
    assert [answer.split(b"\r\n")[0] for answer in answers] == [b"HTTP/1.1 200 OK"] * IN_FLIGHT
    assert busy.process.wait(GRACE_SECONDS) == 0
    assert time.monotonic() - started < GRACE_SECONDS


def is_open(server: Server) -> bool:
    try:
        socket.create_connection(("127.0.0.1", server.port), 5).close()
    except ConnectionError:
        return False
    return True
