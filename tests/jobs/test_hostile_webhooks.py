"""Webhooks to servers that mean harm: redirects, names that change, answers without end."""

import datetime
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from receivers import PUBLIC, SECRET, Names, Receiver, receiving, talking

from api.config import Settings
from api.jobs import webhooks
from api.jobs.networks import NOT_PUBLIC
from api.jobs.webhooks import NotDelivered, send

HOOK = "https://hooks.example.org"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for hooks.example.org that signs itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hooks.example.org")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(1))
        .not_valid_after(now + datetime.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example.org")]), False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    kind, locked = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    file.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, kind, locked))
    return file


@pytest.fixture
def receiver(certificate: Path) -> Iterator[Receiver]:
    """Speaks TLS, as hooks.example.org."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with receiving(tls) as one:
        yield one


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine trusts who signed that certificate."""
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(certificate))


@pytest.fixture
def names(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """A table of names and addresses; PUBLIC leads to the receiver."""
    table = {"hooks.example.org": [PUBLIC]}
    monkeypatch.setattr(socket, "getaddrinfo", Names(receiver.port, table))
    return table


@pytest.fixture
def public() -> Settings:
    hosts = ("hooks.example.org", "inside.example")
    return Settings(webhook_hosts=hosts, webhook_secret=SECRET)


@pytest.mark.usefixtures("trusted", "names")
def test_tls(public: Settings, receiver: Receiver) -> None:
    """Connected by address, and yet asked for and verified by name."""
    send(public, f"{HOOK}/a", "m", b"{}")
    assert receiver.paths == ["/a"]
    assert receiver.got[0][1]["Host"] == "hooks.example.org"


@pytest.mark.usefixtures("names")
def test_unknown_certificate(public: Settings, receiver: Receiver) -> None:
    """Nothing is sent to a server that cannot prove its name."""
    with pytest.raises(NotDelivered, match=r"^its certificate does not hold$"):
        send(public, f"{HOOK}/a", "m", b"{}")
    assert receiver.got == []


INSIDE = ["127.0.0.1", "0.0.0.0", "169.254.169.254", "10.0.0.7", "172.16.0.1", "192.168.1.1"]
INSIDE += ["100.64.0.1", "224.0.0.1", "::1", "::", "fd00::1", "fe80::1", "::ffff:127.0.0.1"]
INSIDE += ["64:ff9b::7f00:1", "2002:7f00:1::", "::7f00:1", "::a00:7", "fec0::1", "ff02::1"]
INSIDE += ["64:ff9b:1::7f00:1", "2001:0:7f00:1::", "2001:10::1", "2001:20::1", "2001:db8::1"]
INSIDE += ["::ffff:0:127.0.0.1", "::ffff:10.0.0.7", "100::1", "3fff::1", "5f00::1", "4000::1"]
INSIDE += ["0.1.2.3", "192.0.0.8", "192.0.0.9", "192.88.99.1", "198.18.0.1", "203.0.113.7"]
INSIDE += ["240.0.0.1", "255.255.255.255", "239.1.2.3", "100.127.255.254", "fe80::1%lo"]


@pytest.mark.parametrize("address", INSIDE)
@pytest.mark.usefixtures("trusted")
def test_private_addresses(
    public: Settings, receiver: Receiver, names: dict[str, list[str]], address: str
) -> None:
    """A listed name that leads inside is not called."""
    names["hooks.example.org"] = [address]
    with pytest.raises(NotDelivered, match=r"^its address is private$"):
        send(public, f"{HOOK}:443/a", "m", b"{}")


@pytest.mark.usefixtures("trusted")
def test_a_name_that_changes(
    public: Settings, receiver: Receiver, names: dict[str, list[str]]
) -> None:
    """The name is looked up once; what it says the second time is never heard."""
    names["hooks.example.org"] = [PUBLIC, "127.0.0.1"]
    send(public, f"{HOOK}/a", "m", b"{}")
    assert receiver.paths == ["/a"]
    assert socket.getaddrinfo.asked == ["hooks.example.org", PUBLIC]  # type: ignore[attr-defined]


@pytest.mark.parametrize("code", [307, 308])
@pytest.mark.usefixtures("trusted", "names")
def test_redirects_are_followed(public: Settings, receiver: Receiver, code: int) -> None:
    """Three at most, with method, body and signature kept."""
    send(public, f"{HOOK}/{code}?/{code}?{HOOK}/{code}?/end", "m", b'{"a":1}')
    assert len(receiver.got) == 4
    assert receiver.paths[-1] == "/end"
    assert {body for _, _, body in receiver.got} == {b'{"a":1}'}
    assert len({headers["webhook-signature"] for _, headers, _ in receiver.got}) == 1


@pytest.mark.usefixtures("trusted", "names")
def test_redirects_without_end(public: Settings, receiver: Receiver) -> None:
    """The fourth is not followed."""
    with pytest.raises(NotDelivered, match=r"^redirects too often$"):
        send(public, f"{HOOK}/307?/307?/307?/307?/end", "m", b"{}")
    assert len(receiver.got) == 4


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("https://inside.example/", "its address is private"),
        ("https://evil.example/", "its address is not allowed"),
        ("https://127.0.0.1/", "its address is not allowed"),
        ("http://hooks.example.org/", "its address is not allowed"),
        ("http://169.254.169.254/latest/meta-data/", "its address is not allowed"),
        ("//evil.example/", "its address is not allowed"),
        ("file:///etc/passwd", "its address is not allowed"),
        ("https://[::1", "its address is not allowed"),
        ("https://hooks.example.org@evil.example/", "its address is not allowed"),
        ("https://hooks.example.org:22/", "its address is not allowed"),
    ],
)
@pytest.mark.usefixtures("trusted")
def test_redirects_elsewhere(
    public: Settings,
    receiver: Receiver,
    names: dict[str, list[str]],
    target: str,
    reason: str,
) -> None:
    """Where a redirect leads is judged like the first address, by name and by number."""
    names["inside.example"] = ["10.0.0.7"]
    with pytest.raises(NotDelivered, match=f"^{reason}$"):
        send(public, f"{HOOK}/307?{target}", "m", b"{}")
    assert len(receiver.got) == 1


def _dribble(line: socket.socket, start: bytes, each: bytes) -> None:
    line.recv(65536)
    line.sendall(start)
    while True:
        line.sendall(each)
        time.sleep(0.02 if len(each) < 50 else 0)


SLOW: dict[str, Callable[[socket.socket], None]] = {
    "silence": lambda line: line.recv(65536) and _silence(line),
    "a slow head": lambda line: _dribble(line, b"HTTP/1.1 200 OK\r\nX: ", b"a"),
    "a slow status": lambda line: _dribble(line, b"HTTP/1.1 200 ", b"a"),
    "always go on": lambda line: _dribble(line, b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a slow greeting": lambda line: _dribble(line, b"\x16\x03\x03\x3f\xff\x02", b"a"),
}


def _silence(line: socket.socket) -> None:
    while line.recv(65536):
        pass


@pytest.mark.parametrize("kind", SLOW)
def test_slow_servers(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """However slowly it answers, the delivery ends in time, and so does its thread."""
    monkeypatch.setattr(webhooks, "SECONDS", 0.4)
    scheme = "https" if "greeting" in kind else "http"
    with talking(SLOW[kind]) as port:
        start = time.monotonic()
        with pytest.raises(NotDelivered, match=r"^took too long$"):
            send(private_settings(port), f"{scheme}://127.0.0.1:{port}/", "m", b"{}")
        assert time.monotonic() - start < 8  # a generous limit against hanging
    timers = [one for one in threading.enumerate() if isinstance(one, threading.Timer)]
    for timer in timers:  # one that has just cut the connection may need a moment to end
        timer.join(5)
    assert not [timer for timer in timers if timer.is_alive()]


@pytest.mark.parametrize("status", ["200 OK", "307 Temporary Redirect\r\nLocation: /"])
def test_answers_without_end(status: str) -> None:
    """A body is not read, neither of a success nor of a redirect."""
    sent = []

    def talk(line: socket.socket) -> None:
        line.recv(65536)
        line.sendall(f"HTTP/1.1 {status}\r\n\r\n".encode())
        while True:
            sent.append(line.send(bytes(100_000)))

    with talking(talk) as port:
        if status.startswith("307"):
            with pytest.raises(NotDelivered, match=r"^redirects too often$"):
                send(private_settings(port), f"http://127.0.0.1:{port}/", "m", b"{}")
        else:
            send(private_settings(port), f"http://127.0.0.1:{port}/", "m", b"{}")
    assert sum(sent) < 100_000_000


def private_settings(port: int) -> Settings:
    """Settings that allow the server on this port."""
    hosts = (f"127.0.0.1:{port}",)
    return Settings(webhook_hosts=hosts, webhook_secret=SECRET, webhook_private=True)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "44.0.0.1", "223.255.255.1", "2606:4700::1", "2a00::1"]
)
def test_public_addresses(address: str) -> None:
    """The list of what is not public leaves the internet."""
    assert not any(ip_address(address) in network for network in NOT_PUBLIC)
