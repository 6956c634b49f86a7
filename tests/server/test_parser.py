"""Whether a connection can be used again, and requests that gunicorn alone reads otherwise."""

import socket
from collections.abc import Iterator

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import InvalidHeader

from api.server.parser import CONTINUE, StrictParser
from api.server.sockets import PatientSocket

Pair = tuple[StrictParser, socket.socket]
HEALTH = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A parser of our end of a connection, and the client's end."""
    ours, theirs = socket.socketpair()
    theirs.settimeout(0.05)
    client = PatientSocket(fileno=ours.detach())
    client.begin_request()
    with client, theirs:
        yield StrictParser(Config(), client, None), theirs


def post(*lines: bytes, version: bytes = b"1.1") -> bytes:
    return b"\r\n".join((b"POST / HTTP/" + version, b"Host: x", *lines, b"", b""))


LARGE = b"x" * 100_000
UNREAD = {
    "long": (post(b"Content-Length: 100000") + LARGE[:9000], True),
    "long, in chunks": (post(b"Transfer-Encoding: chunked") + b"186a0\r\n" + LARGE[:9000], True),
    "not here": (post(b"Content-Length: 10") + b"01234", True),
    "of bad chunks": (post(b"Transfer-Encoding: chunked") + b"zz\r\n", True),
    "whole": (post(b"Content-Length: 10") + b"0123456789", False),
    "whole, in chunks": (post(b"Transfer-Encoding: chunked") + b"2\r\nab\r\n0\r\n\r\n", False),
    "empty": (post(b"Content-Length: 0"), False),
    "none": (HEALTH, False),
    "none, though announced": (HEALTH.replace(b"x\r\n", b"x\r\nExpect: 100-continue\r\n"), False),
    "of a client that closes": (post(b"Content-Length: 1", b"Connection: te, Close") + b"0", True),
    "under 1.0": (post(b"Content-Length: 1", version=b"1.0") + b"0", True),
    "under 1.0, kept": (post(b"Connection: keep-alive", version=b"1.0"), False),
}


@pytest.mark.parametrize("body", UNREAD)
def test_a_body_that_nobody_read(pair: Pair, body: str) -> None:
    """The answer says that it closes the connection unless all of the body is here and short."""
    parser, client = pair
    sent, closes = UNREAD[body]
    client.sendall(sent)
    request = next(parser)
    assert request.should_close() is closes
    assert request.should_close() is closes  # whatever has come meanwhile


def test_a_body_that_was_read(pair: Pair) -> None:
    """However long it is, the connection is kept, and the next request is read."""
    parser, client = pair
    client.sendall(post(b"Content-Length: 100000") + LARGE + HEALTH)
    request = next(parser)
    assert request.body.read() == LARGE
    assert not request.should_close()
    assert next(parser).path == "/health/live"


def test_a_client_that_waits(pair: Pair) -> None:
    """It is told to continue once its body is wanted, no sooner."""
    parser, client = pair
    client.sendall(post(b"Content-Length: 2", b"Expect: 100-continue"))
    request = next(parser)
    with pytest.raises(TimeoutError):
        client.recv(100)
    client.sendall(b"ab")
    assert request.body.read() == b"ab"
    assert client.recv(100) == CONTINUE
    assert not request.should_close()


def test_a_client_that_waits_in_vain(pair: Pair) -> None:
    """A refused client is not asked for its body; the connection ends, as it may send it or not."""
    parser, client = pair
    client.sendall(post(b"Content-Length: 2", b"Expect: 100-continue"))
    assert next(parser).should_close()
    with pytest.raises(TimeoutError):
        client.recv(100)


@pytest.mark.parametrize("host", [b"Host: x", b"Host: ", b"Host: [::1]:80", b"Host: my_pc.lan:1"])
def test_hosts(pair: Pair, host: bytes) -> None:
    """Names, addresses and nothing at all are good hosts."""
    parser, client = pair
    client.sendall(HEALTH.replace(b"Host: x", host))
    assert next(parser).path == "/health/live"


@pytest.mark.parametrize(
    "host",
    [b"A: b", b"Host: a b", b"Host: a@b", b"Host: a/b", b"Host: \xe4", b'Host: "', b"Host: a#b"],
)
def test_bad_hosts(pair: Pair, host: bytes) -> None:
    """No host, or one that is none, is refused under HTTP/1.1."""
    parser, client = pair
    client.sendall(HEALTH.replace(b"Host: x", host))
    with pytest.raises(InvalidHeader):
        next(parser)


def test_no_host_under_1_0(pair: Pair) -> None:
    """HTTP/1.0 knows no hosts."""
    parser, client = pair
    client.sendall(b"GET / HTTP/1.0\r\n\r\n")
    assert next(parser).path == "/"


def test_an_empty_line(pair: Pair) -> None:
    """Old clients send one after a body; it does not spoil the next request."""
    parser, client = pair
    client.sendall(post(b"Content-Length: 2") + b"ab\r\n" + HEALTH)
    assert next(parser).body.read() == b"ab"
    assert next(parser).path == "/health/live"
