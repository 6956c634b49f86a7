"""Slow clients, hundreds at once, on a real server: everybody else is served as ever.

Most times a /health/live must answer within half a second and a classification within three.
"""

import io
import select
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest
from servers import Server

from api.server.sockets import GRACE_SECONDS, STALL_SECONDS

pytestmark = pytest.mark.slow
HALF_HEAD = b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Slow: "
READER = b"GET /swaggerui/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n"
Crowd = Callable[[int, bytes], list[socket.socket]]


@pytest.fixture
def crowd(server: Server) -> Iterator[Crowd]:
    """Opens many connections that say something and then read nothing."""
    with ExitStack() as opened:

        def connect(count: int, says: bytes) -> list[socket.socket]:
            made = []
            for _ in range(count):
                one = opened.enter_context(socket.socket())
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                one.settimeout(5)
                one.connect(("127.0.0.1", server.port))
                one.sendall(says)
                made.append(one)
            return made

        yield connect


@pytest.fixture
def well(server: Server, picture: bytes) -> Iterator[Callable[[], None]]:
    """Checks that others are served in time: each before slow ones are ended, most at once."""
    bearer = server.bearer("quick@example.com")
    quick: list[float] = []
    computed: list[float] = []

    def check() -> None:
        started = time.monotonic()
        assert server.get("/health/live").status_code == 200
        quick.append(time.monotonic() - started)
        image = {"image": io.BytesIO(picture)}
        answer = httpx.post(server.url + "/api/v1/classify", files=image, headers=bearer)
        assert answer.status_code == 200
        computed.append(time.monotonic() - started)
        assert computed[-1] < STALL_SECONDS / 2

    yield check
    assert statistics.median(quick) < 0.5
    assert statistics.median(computed) < 3


def upload_head(server: Server) -> bytes:
    token = server.sign_in("slow@example.com")["access_token"]
    head = f"POST /api/v1/classify HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
    return f"{head}Content-Type: image/png\r\nContent-Length: 100000\r\n\r\n".encode()


def each_second(seconds: int, *do: Callable[[], object]) -> None:
    for _ in range(seconds):
        until = time.monotonic() + 1
        for one in do:
            one()
        time.sleep(max(0, until - time.monotonic()))


def drip(slow: list[socket.socket], count: int) -> None:
    for one in slow:
        one.send(b"x" * count)


def ended(slow: list[socket.socket]) -> list[bytes]:
    """What those were told whose connection the server has ended; they are taken off the list."""
    said = []
    for one in select.select(slow, [], [], 0)[0]:
        try:
            said.append(one.recv(65536))
        except ConnectionResetError:
            said.append(b"")
        one.close()
        slow.remove(one)
    return said


def test_half_open_heads(crowd: Crowd, well: Callable[[], None]) -> None:
    """300 clients that never finish their request's head: they share the workers' 320 threads."""
    slow = crowd(300, HALF_HEAD)
    each_second(5, well, lambda: drip(slow, 1))


def test_slow_readers(crowd: Crowd, well: Callable[[], None]) -> None:
    """50 clients that ask for the largest file and never read it."""
    crowd(50, READER)
    each_second(4, well)


def test_slow_senders_are_ended(server: Server, crowd: Crowd, well: Callable[[], None]) -> None:
    """200 uploads at 10 bytes a second, heads too, and silence: ended in time, and told so."""
    uploads, heads = crowd(200, upload_head(server)), crowd(10, HALF_HEAD)
    silent = crowd(5, upload_head(server) + b"x")
    answers: list[bytes] = []

    def proceed() -> None:
        drip(uploads, 10)
        drip(heads, 10)
        well()
        answers.extend(ended(uploads))
        answers.extend(ended(silent))
        ended(heads)

    each_second(int(GRACE_SECONDS) - 1, proceed)
    assert (len(uploads), len(heads), len(silent), answers) == (200, 10, 5, [])
    deadline = time.monotonic() + 8
    while (uploads or heads or silent) and time.monotonic() < deadline:
        each_second(1, proceed)
    assert (uploads, heads, silent) == ([], [], [])
    assert max(GRACE_SECONDS, STALL_SECONDS) <= 25
    assert len(answers) == 205
    assert all(answer.startswith(b"HTTP/1.1 408 ") for answer in answers)
    well()
