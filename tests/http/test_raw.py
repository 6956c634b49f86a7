"""Requests that no proper client sends, byte by byte, to a real server: refused, and it stays well.

After each of them the same workers live and the server answers at once.
"""

import http.client
import json
import re
import socket
import threading
import time
from pathlib import Path

import httpx
import psutil
import pytest
from raw import Say, head, workers
from servers import Server

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("stays_well")]
LOGIN = b"/api/v1/auth/login"
JSON = b"Content-Type: application/json"
GOOD = b'{"email": "nobody@example.com", "password": "x"}'
CHUNKED = b"Transfer-Encoding: chunked"


def post(*lines: bytes) -> bytes:
    return head(b"POST", LOGIN, JSON, *lines)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def length(body: bytes = GOOD) -> bytes:
    return b"Content-Length: %d" % len(body)


REFUSED = {
    "two lengths": (post(length(), length(b"x")) + GOOD, {400}),
    "the same length twice": (post(length(), length()) + GOOD, {400}),
    "length and chunks": (post(length(), CHUNKED) + chunk(GOOD) + b"0\r\n\r\n", {400}),
    "chunks and length": (post(CHUNKED, length()) + chunk(GOOD) + b"0\r\n\r\n", {400}),
    "chunked twice": (post(CHUNKED, CHUNKED), {400}),
    "xchunked": (post(b"Transfer-Encoding: xchunked"), {400, 501}),
    "chunked, identity": (post(b"Transfer-Encoding: chunked, identity"), {400, 501}),
    "chunked under 1.0": (post(CHUNKED).replace(b"HTTP/1.1", b"HTTP/1.0") + chunk(GOOD), {400}),
    "length +5": (post(b"Content-Length: +5"), {400}),
    "length -1": (post(b"Content-Length: -1"), {400}),
    "length 5_0": (post(b"Content-Length: 5_0"), {400}),
    "length 0x10": (post(b"Content-Length: 0x10"), {400}),
    "length of nothing": (post(b"Content-Length:"), {400}),
    "length of words": (post(b"Content-Length: many"), {400}),
    "length 5, 5": (post(b"Content-Length: 5, 5"), {400}),
    "length in Arabic": (post("Content-Length: ٣".encode()), {400}),
    "line feeds": (post(length()).replace(b"\r\n", b"\n") + GOOD, {400}),
    "a NUL in a name": (post(b"A\0b: c"), {400}),
    "a NUL in a value": (post(b"A: b\0c"), {400}),
    "a return in a value": (post(b"A: b\rc: d"), {400}),
    "a folded line": (post(b"A: b", b" c"), {400}),
    "a blank before the colon": (post(b"Content-Length : 5"), {400}),
    "a header without a colon": (post(b"nonsense"), {400}),
    "a long header": (post(b"A: " + b"b" * 9000), {431}),
    "150 headers": (post(*[b"A%d: b" % n for n in range(150)]), {431}),
    "a megabyte of headers": (post(*[b"A%d: %s" % (n, b"b" * 8000) for n in range(99)]), {431}),
    "a long address": (head(b"GET", b"/" + b"a" * 5000), {414}),
    "no host": (head(b"GET", b"/health/live").replace(b"Host: x\r\n", b""), {400}),
    "two hosts": (head(b"GET", b"/health/live", b"Host: y"), {400}),
    "HTTP/2.0": (head(b"GET", b"/").replace(b"1.1", b"2.0"), {400, 505}),
    "HTTP/0.9": (b"GET /\r\n\r\n", {400}),
    "HTTP/1.10": (head(b"GET", b"/").replace(b"1.1", b"1.10"), {400}),
    "no version": (b"GET / HTTP\r\nHost: x\r\n\r\n", {400}),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", {400}),
    "a proxy's greeting": (b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n" + head(b"GET", b"/"), {400}),
    "the expectation foo": (post(length(), b"Expect: foo") + GOOD, {400, 417}),
    "a lower-case method": (head(b"get", b"/health/live"), {400, 405}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_before_the_application(say: Say, case: str) -> None:
    """What could be read in two ways, or is out of all measure, is refused as a problem too."""
    sent, statuses = REFUSED[case]
    answer = say(sent)
    assert answer.status in statuses
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = json.loads(answer.read())
    assert problem["status"] == answer.status
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    assert problem["code"]
    assert not answer.fp or answer.fp.read() == b""  # and the connection is closed


BAD_CHUNKS = {
    "no number": b"zz\r\nabc\r\n0\r\n\r\n",
    "negative": b"-5\r\nabc\r\n0\r\n\r\n",
    "0x": b"0x5\r\nabcde\r\n0\r\n\r\n",
    "underscore": b"1_0\r\nabcde\r\n0\r\n\r\n",
    "empty": b"\r\nabc\r\n0\r\n\r\n",
    "too short": b"2\r\nabcdef\r\n0\r\n\r\n",
    "line feeds": b"3\nabc\r\n0\r\n\r\n",
    "no end of the size": b"5" * 10_000,
    "a huge extension": b"3;" + b"x" * 10_000,
    "a bad trailer": b"0\r\nnonsense\r\n\r\n",
    "a huge trailer": b"0\r\nA: " + b"b" * 1_000_000 + b"\r\n\r\n",
}


@pytest.mark.parametrize("case", BAD_CHUNKS)
def test_bad_chunks(say: Say, case: str) -> None:
    """Chunks that make no sense are 400 (not 500), and end the connection."""
    answer = say(post(CHUNKED), BAD_CHUNKS[case])
    assert answer.status in (400, 431)
    problem = json.loads(answer.read())
    assert (problem["status"], problem["code"]) == (answer.status, "malformed")


@pytest.mark.parametrize("pieces", [[GOOD], [GOOD[:1], GOOD[1:20], GOOD[20:]]])
def test_good_chunks(say: Say, pieces: list[bytes]) -> None:
    """A chunked body of no announced length is read like any other."""
    answer = say(post(CHUNKED), *map(chunk, pieces), b"0\r\n\r\n")
    assert answer.status == 401
    assert json.loads(answer.read())["code"] == "invalid_credentials"


def test_compressed_chunks(say: Say) -> None:
    """Compression by Transfer-Encoding is refused like that by Content-Encoding."""
    answer = say(post(b"Transfer-Encoding: gzip, chunked"), chunk(GOOD), b"0\r\n\r\n")
    assert answer.status == 415
    assert json.loads(answer.read())["code"] == "unsupported_media_type"


def test_kept_connections(server: Server) -> None:
    """Refusals of whole requests leave the connection usable for the next one."""
    with httpx.Client(base_url=server.url) as client:
        for _ in range(3):
            assert client.post("/api/v1/auth/login", content=b"{").status_code == 415
            assert client.post("/api/v1/classify", content=b"x" * 1000).status_code == 401
            assert client.get("/health/live").status_code == 200


def test_two_requests_at_once(server: Server) -> None:
    """Pipelined requests are answered in order, each once."""
    both = head(b"GET", b"/health/live") + head(b"GET", b"/nothing", b"Connection: close")
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(both)
        text = b"".join(iter(lambda: connection.recv(65536), b""))
    assert re.findall(rb"HTTP/1.1 (\d+)", text) == [b"200", b"404"]


@pytest.mark.parametrize("path", [LOGIN, b"/api/v1/classify"])
@pytest.mark.parametrize("framing", [b"Content-Length: 5000", CHUNKED])
def test_a_broken_off_body(server: Server, say: Say, path: bytes, framing: bytes) -> None:
    """A body that ends too soon is 400, even if what came makes sense."""
    bearer = b"Authorization: Bearer " + server.sign_in("b@example.com")["access_token"].encode()
    kind = JSON if path == LOGIN else b"Content-Type: image/png"
    started = b"30\r\n" if framing == CHUNKED else b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(head(b"POST", path, bearer, kind, framing) + started + GOOD)
        connection.shutdown(socket.SHUT_WR)
        answer = http.client.HTTPResponse(connection, method="POST")
        answer.begin()
        assert answer.status == 400
        assert json.loads(answer.read())["code"] == "malformed"


@pytest.mark.parametrize("announced", [True, False])
def test_an_endless_upload(server: Server, say: Say, announced: bool) -> None:
    """413 when the limit is passed, before the body if its length is known; memory stays flat."""
    token = server.sign_in("endless@example.com")["access_token"]
    framing = b"Content-Length: 1000000000" if announced else CHUNKED
    lines = (b"Authorization: Bearer " + token.encode(), b"Content-Type: image/png", framing)
    before = sum(workers(server).values())
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(head(b"POST", b"/api/v1/classify", *lines))
        for _ in range(0 if announced else 600):
            connection.sendall(chunk(b"x" * 100_000))
        answer = http.client.HTTPResponse(connection, method="POST")
        answer.begin()
        assert answer.status == 413
        assert json.loads(answer.read())["code"] == "too_large"
    time.sleep(0.5)
    assert sum(workers(server).values()) - before < 100_000_000


@pytest.mark.parametrize("kind", ["raw", "chunked", "multipart", "json", "no token"])
def test_clients_that_send_all_before_they_read(server: Server, kind: str) -> None:
    """A client that hurls 40 MB at the server gets its 413 (or 401), not a broken pipe."""
    body = b"x" * 40_000_000
    bearer = server.bearer("hurler@example.com") if kind != "no token" else {}
    image = {**bearer, "Content-Type": "image/png"}
    sent: dict[str, dict[str, object]] = {
        "raw": {"content": body, "headers": image},
        "no token": {"content": body, "headers": image},
        "chunked": {"content": iter([body[:100_000]] * 400), "headers": image},
        "multipart": {"files": {"image": body}, "headers": bearer},
        "json": {"content": body, "headers": {**bearer, "Content-Type": "application/json"}},
    }
    path = "/api/v1/auth/login" if kind == "json" else "/api/v1/classify"
    answer = server.post(path, **sent[kind])
    assert answer.status_code == (401 if kind == "no token" else 413)


def test_no_trace_on_disk(server: Server) -> None:
    """Refused multipart uploads leave no open temporary files behind."""
    bearer = server.bearer("tidy@example.com")
    pids = [int(pid) for pid in workers(server)]

    def opened() -> int:
        return sum(psutil.Process(pid).num_fds() for pid in pids)

    def upload() -> None:
        body = b'--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
        headers = {**bearer, "Content-Type": "multipart/form-data; boundary=b"}
        answer = server.post("/api/v1/classify", content=body + b"x" * 600_000, headers=headers)
        assert answer.status_code == 400

    upload()
    before = opened()
    for _ in range(20):
        upload()
    time.sleep(0.2)
    assert opened() <= before + 5


def test_clients_that_do_not_close(server: Server) -> None:
    """Fifty clients that keep their side open after the answer cost nobody else any time."""
    old = b"GET /health/live HTTP/1.0\r\n\r\n"
    kept = [socket.create_connection(("127.0.0.1", server.port), timeout=5) for _ in range(50)]
    for connection in kept:
        connection.sendall(old)
    time.sleep(0.3)
    waits = []
    for _ in range(10):
        started = time.monotonic()
        assert server.get("/health/live").status_code == 200
        waits.append(time.monotonic() - started)
    assert sum(waits) - max(waits) < 1
    for connection in kept:
        connection.close()


def test_many_bad_ones_at_once(server: Server, say: Say) -> None:
    """A burst of bad requests from many clients leaves no thread behind."""

    def threads() -> int:
        return sum(psutil.Process(int(pid)).num_threads() for pid in workers(server))

    def burst() -> None:
        for case in ("two lengths", "line feeds", "a long header"):
            say(REFUSED[case][0]).read()

    crowd = [threading.Thread(target=burst) for _ in range(20)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert threads() < 400


def test_the_log_tells_no_secrets(server: Server) -> None:
    """After all this the log is whole: JSON lines, no token, no password, no control character."""
    tokens = server.sign_in("quiet@example.com")
    server.get("/api/v1/users/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    text = Path(server.log).read_text()
    ours = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    assert any(line["logger"] == "percept.access" for line in ours)
    assert not [line for line in ours if line["level"] == "error"]
    assert "ten thousand small lamps" not in text
    assert tokens["access_token"] not in text
    assert tokens["refresh_token"] not in text
    assert all(c.isprintable() or c == "\n" for c in text)
