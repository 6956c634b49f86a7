"""The sockets of clients: a client may be slow for a while, not for good."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.server import sockets
from api.server.sockets import PatientSocket, TooSlow

Pair = tuple[PatientSocket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Our end of a connection, and the client's."""
    ours, theirs = socket.socketpair()
    patient = PatientSocket(fileno=ours.detach())
    patient.setblocking(True)
    patient.begin_request()
    with patient, theirs:
        yield patient, theirs


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tenths of seconds instead of tens."""
    monkeypatch.setattr(sockets, "STALL_SECONDS", 0.2)
    monkeypatch.setattr(sockets, "REST_SECONDS", 0.3)
    monkeypatch.setattr(sockets, "GRACE_SECONDS", 0.2)
    monkeypatch.setattr(sockets, "SILENCE_SECONDS", 0.1)
    monkeypatch.setattr(sockets, "LINGER_SECONDS", 0.3)


def test_bytes_pass(pair: Pair) -> None:
    """What is sent is received, and the end of it too."""
    ours, theirs = pair
    theirs.sendall(b"hello")
    assert ours.recv(100) == b"hello"
    theirs.shutdown(socket.SHUT_WR)
    assert ours.recv(100) == b""


def test_stalled(hasty: None, pair: Pair) -> None:
    """A client that sends nothing more is given up, as a reset, which gunicorn takes quietly."""
    ours, theirs = pair
    ours.setblocking(True)
    theirs.sendall(b"GET ")
    assert ours.recv(100) == b"GET "
    with pytest.raises(ConnectionResetError) as caught:
        ours.recv(100)
    assert isinstance(caught.value, TooSlow)


def test_dripping(hasty: None, pair: Pair) -> None:
    """So is one that sends a byte now and then, though it never stalls."""
    ours, theirs = pair
    ours.setblocking(True)

    def take() -> None:
        for _ in range(10):
            theirs.sendall(b"x")
            ours.recv(1)
            time.sleep(0.05)

    with pytest.raises(TooSlow):
        take()


@pytest.mark.parametrize("by", ["sendall", "sendfile"])
def test_not_taking(hasty: None, pair: Pair, tmp_path: Path, by: str) -> None:
    """A client that does not take its answer is given up in the same way."""
    ours, _ = pair
    ours.setblocking(True)
    file = tmp_path / "answer"
    file.write_bytes(b"x" * 5_000_000)
    with file.open("rb") as stream, pytest.raises(TooSlow):
        ours.sendall(stream.read()) if by == "sendall" else ours.sendfile(stream)


@pytest.mark.parametrize("by", ["sendall", "sendfile"])
def test_a_long_answer_at_a_fair_pace(hasty: None, pair: Pair, tmp_path: Path, by: str) -> None:
    """A client that keeps taking its answer gets all of it, however long that takes."""
    ours, theirs = pair
    ours.setblocking(True)
    file = tmp_path / "answer"
    file.write_bytes(bytes(range(250)) * 8000)
    taken: list[bytes] = []

    def take() -> None:
        while data := theirs.recv(40_000):
            taken.append(data)
            time.sleep(0.01)

    taking = threading.Thread(target=take)
    taking.start()
    began = time.monotonic()
    with file.open("rb") as stream:
        ours.sendall(stream.read()) if by == "sendall" else ours.sendfile(stream)
    assert time.monotonic() - began > sockets.REST_SECONDS
    ours.shutdown(socket.SHUT_WR)
    taking.join()
    assert b"".join(taken) == file.read_bytes()


def test_taking_too_little(hasty: None, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that takes a little now and then would keep a thread for hours: it is given up."""
    monkeypatch.setattr(sockets, "PIECE_BYTES", 100)  # so that little is taken at a time
    monkeypatch.setattr(sockets, "LEAST_BYTES_PER_SECOND", 20_000)
    ours, theirs = pair
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    ours.setblocking(True)
    done = threading.Event()

    def drip() -> None:
        while not done.wait(0.01):
            theirs.recv(50)

    dripping = threading.Thread(target=drip)
    dripping.start()
    began = time.monotonic()
    with pytest.raises(TooSlow):
        ours.sendall(b"x" * 100_000)
    done.set()
    dripping.join()
    assert time.monotonic() - began > sockets.REST_SECONDS


def test_a_part_of_a_file(pair: Pair, tmp_path: Path) -> None:
    """An answer to a request for a range."""
    ours, theirs = pair
    file = tmp_path / "answer"
    file.write_bytes(b"0123456789")
    with file.open("rb") as stream:
        assert ours.sendfile(stream, 3, 4) == 4
    assert theirs.recv(100) == b"3456"


def test_a_long_upload_at_a_fair_pace(hasty: None, pair: Pair) -> None:
    """A client that keeps sending well is not hurried, however long it takes."""
    ours, theirs = pair
    ours.setblocking(True)
    for _ in range(8):
        theirs.sendall(b"x" * 1000)
        assert len(ours.recv(1000)) == 1000
        time.sleep(0.05)


def test_each_request_has_its_own_time(hasty: None, pair: Pair) -> None:
    """A kept connection may rest between requests."""
    ours, theirs = pair
    ours.setblocking(True)
    for _ in range(2):
        time.sleep(0.3)
        ours.begin_request()
        theirs.sendall(b"x")
        assert ours.recv(1) == b"x"


def test_not_blocking(pair: Pair) -> None:
    """gunicorn's poller may still ask without waiting."""
    ours, _ = pair
    ours.setblocking(False)
    with pytest.raises(BlockingIOError):
        ours.recv(1)


def test_parting_takes_what_is_still_sent(pair: Pair) -> None:
    """A refused client can send its whole body, then reads the answer and the end."""
    ours, theirs = pair
    ours.sendall(b"413")
    parting = threading.Thread(target=ours.part)
    parting.start()
    theirs.sendall(b"x" * 5_000_000)
    assert (theirs.recv(10), theirs.recv(10)) == (b"413", b"")
    theirs.close()
    parting.join(5)
    assert not parting.is_alive()
    ours.settimeout(None)
    assert ours.recv(1) == b""  # nothing is left to wait for


@pytest.mark.parametrize("says", ["nothing", "no end"])
def test_parting_ends(hasty: None, pair: Pair, says: str) -> None:
    """A client that neither stops nor closes is left after a while."""
    ours, theirs = pair
    theirs.settimeout(0.02)
    parting = threading.Thread(target=ours.part)
    started = time.monotonic()
    parting.start()
    while parting.is_alive() and time.monotonic() - started < 3:
        if says == "no end":
            with contextlib.suppress(TimeoutError, BrokenPipeError):
                theirs.send(b"x" * 1000)
        time.sleep(0.01)
    assert not parting.is_alive()
    assert time.monotonic() - started < 1
