"""Webhooks: signed, delivered, and sent to nobody that the operator did not list."""

import base64
import json
from collections.abc import Iterator

import pytest
from receivers import SECRET, Receiver, receiving
from standardwebhooks import Webhook

from api.config import BadSetting, Settings, load_settings
from api.errors import Invalid
from api.jobs.webhooks import DELAYS, NotDelivered, check, send

HOSTS = ("hooks.example.org", "*.example.net", "ports.example:8443", "xn--mnchen-3ya.example")
BODY = json.dumps({"type": "job.succeeded", "data": {"text": "Žluťoučký kůň"}}).encode()


def at(receiver: Receiver, path: str = "/hook") -> str:
    return f"http://127.0.0.1:{receiver.port}{path}"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def private(receiver: Receiver) -> Settings:
    """Settings that allow this receiver."""
    hosts = (f"127.0.0.1:{receiver.port}",)
    return Settings(webhook_hosts=hosts, webhook_secret=SECRET, webhook_private=True)


@pytest.fixture
def public() -> Settings:
    return Settings(webhook_hosts=HOSTS, webhook_secret=SECRET)


@pytest.mark.parametrize(
    ("url", "usual"),
    [
        ("https://hooks.example.org/a?b=c", None),
        ("https://hooks.example.org", None),
        ("https://hooks.example.org:443/", None),
        ("HTTPS://Hooks.EXAMPLE.org/A", "https://hooks.example.org/A"),
        ("https://ports.example:8443/", None),
        ("https://deep.below.example.net/~me@home", None),
        ("https://münchen.example/", "https://xn--mnchen-3ya.example/"),
        ("https://hooks.example.org/" + "a" * 1974, None),
    ],
)
def test_allowed(public: Settings, url: str, usual: str | None) -> None:
    """A listed host is allowed on its port, in any case and alphabet."""
    assert check(url, public) == (usual or url)


NUMBERS = ["127.0.0.1", "[::1]", "0", "2130706433", "0x7f.1", "0x7f000001", "127.1", "0177.0.0.1"]
NUMBERS += ["169.254.169.254", "10.1.2.3", "192.168.0.1", "[fd00::1]", "[::ffff:127.0.0.1]"]
NUMBERS += ["[fe80::1%25eth0]", "0x", "1.1.1.1", "127.0.0.1."]
ODD = [
    "file:///etc/passwd",
    "gopher://hooks.example.org/_x",
    "ftp://hooks.example.org/",
    "data:text/plain,x",
    "unix:///run/docker.sock",
    "javascript:alert(1)",
    "//hooks.example.org/",
    "/hook",
    "hooks.example.org",
    "https:hooks.example.org",
    "https:/hooks.example.org",
    "https://",
    "https:///hook",
    "",
    "https://user@hooks.example.org/",
    "https://user:password@hooks.example.org/",
    "https://@hooks.example.org/",
    "https://hooks.example.org@evil.example/",
    "https://evil.example#@hooks.example.org/",
    "https://hooks.example.org/#part",
    "https://evil.example\\@hooks.example.org/",
    "https://hooks.example.org\\.evil.example/",
    "https://hooks.example.org/a\r\nX: y",
    "https://hooks.example.org/a b",
    " https://hooks.example.org/",
    "https://hooks.example.org/\0",
    "https://hooks.example.org/\x7f",
    "https://hooks.example.org/\u202e",
    "https://hooks.example.org/\ud800",
    "https://hooks\u3002example\u3002org/",
    "https://\uff48ooks.example.org/",
    "https://hooks%2eexample.org/",
    "https://hooks.example.org:0/",
    "https://hooks.example.org:65536/",
    "https://hooks.example.org:x/",
    "https://[::1/",
    "https://hooks.example.org/" + "a" * 1975,
]
UNLISTED = [
    "https://localhost/",
    "https://localhost./",
    "https://hooks.example.org./",
    "https://hooks.example.org:8443/",
    "https://hooks.example.org:22/",
    "https://ports.example/",
    "https://example.org/",
    "https://evilhooks.example.org/",
    "https://hooks.example.org.evil.example/",
    "https://example.net/",
    "https://.example.net/",
    "https://a..example.net/",
    "https://evilexample.net/",
    "https://a.example.net:8443/",
    "http://hooks.example.org/",
]


@pytest.mark.parametrize("url", ODD + UNLISTED + [f"https://{number}/" for number in NUMBERS])
def test_refused(public: Settings, url: str) -> None:
    """What is odd, numeric or not listed is refused, and the field is named."""
    with pytest.raises(Invalid) as caught:
        check(url, public)
    assert [error.field for error in caught.value.errors] == ["callback_url"]


@pytest.mark.parametrize("private", [True, False])
def test_numbers_are_no_wildcards(private: bool) -> None:
    """Numeric hosts need a line of their own in the list, and leave to be private."""
    hosts = ("127.0.0.1:8080", "*.0.0.1")
    some = Settings(webhook_hosts=hosts, webhook_secret=SECRET, webhook_private=private)
    for url in ("https://10.0.0.1/", "https://127.0.0.1/", "https://127.1:8080/"):
        with pytest.raises(Invalid, match=r"Some fields"):
            check(url, some)
    if private:
        assert check("http://127.0.0.1:8080/", some) == "http://127.0.0.1:8080/"
    else:
        with pytest.raises(Invalid, match=r"Some fields"):
            check("https://127.0.0.1:8080/", some)


def test_nobody_is_called_by_default(settings: Settings) -> None:
    """Without a list no address is good, and the message says why."""
    with pytest.raises(Invalid) as caught:
        check("https://hooks.example.org/", settings)
    assert "Webhooks are disabled" in caught.value.errors[0].message


def test_delivery(private: Settings, receiver: Receiver) -> None:
    """One POST, whose signature holds, and fails once a byte is changed."""
    send(private, at(receiver), "msg-1", BODY)
    ((path, headers, body),) = receiver.got
    assert (path, body) == ("/hook", BODY)
    assert headers["content-type"] == "application/json"
    assert headers["User-Agent"].startswith("percept/")
    assert headers["webhook-id"] == "msg-1"
    assert Webhook(SECRET).verify(body, headers) == json.loads(BODY)
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(SECRET).verify(body + b" ", headers)


@pytest.mark.parametrize("status", [301, 302, 303, 304, 307, 400, 404, 410, 500, 503])
def test_failures(private: Settings, receiver: Receiver, status: int) -> None:
    """Anything but 2xx is a failure, told without the address; it is not tried again here."""
    with pytest.raises(NotDelivered, match=f"^answered {status}$"):
        send(private, at(receiver, f"/{status}"), "m", BODY)
    assert receiver.paths == [f"/{status}"]


def test_nobody_answers(private: Settings, receiver: Receiver) -> None:
    """A server that is gone is no crash."""
    receiver.server_close()
    with pytest.raises(NotDelivered, match=r"^no answer$"):
        send(private, at(receiver), "m", BODY)


def test_the_environment_is_not_asked(
    private: Settings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proxies of the environment are not used."""
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    send(private, at(receiver), "m", BODY)
    assert receiver.paths == ["/hook"]


BAD = [
    ("PERCEPT_WEBHOOK_SECRET", "hunter2"),
    ("PERCEPT_WEBHOOK_SECRET", "whsec_"),
    ("PERCEPT_WEBHOOK_SECRET", "whsec_" + base64.b64encode(bytes(23)).decode()),
    ("PERCEPT_WEBHOOK_SECRET", "whsec_" + base64.b64encode(bytes(65)).decode()),
    ("PERCEPT_WEBHOOK_SECRET", SECRET.replace("whsec", "WHSEC")),
    ("PERCEPT_WEBHOOK_SECRET", SECRET.removeprefix("whsec_")),
    ("PERCEPT_WEBHOOK_SECRET", SECRET[:-1] + "é"),
    ("PERCEPT_WEBHOOK_SECRET", SECRET[:-1]),
    ("PERCEPT_WEBHOOK_HOSTS", "https://hooks.example.org"),
    ("PERCEPT_WEBHOOK_HOSTS", "hooks.example.org/path"),
    ("PERCEPT_WEBHOOK_HOSTS", "*"),
    ("PERCEPT_WEBHOOK_HOSTS", "a.*.example"),
    ("PERCEPT_WEBHOOK_HOSTS", "münchen.example"),
    ("PERCEPT_WEBHOOK_HOSTS", "hooks.example.org:0"),
    ("PERCEPT_WEBHOOK_PRIVATE", "perhaps"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_bad_settings(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Each is refused in one line that names the variable and does not show the value."""
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSetting) as caught:
        load_settings()
    assert str(caught.value).startswith(f"{name}: ")
    assert "\n" not in str(caught.value)
    assert name != "PERCEPT_WEBHOOK_SECRET" or value == "whsec_" or value not in str(caught.value)


def test_hosts_need_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Webhooks that could not be signed stop the start."""
    monkeypatch.setenv("PERCEPT_WEBHOOK_HOSTS", "Hooks.Example.org, [::1]:8080")
    with pytest.raises(BadSetting, match=r"^PERCEPT_WEBHOOK_HOSTS: needs PERCEPT_WEBHOOK_SECRET"):
        load_settings()
    monkeypatch.setenv("PERCEPT_WEBHOOK_SECRET", SECRET)
    assert load_settings().webhook_hosts == ("hooks.example.org", "[::1]:8080")


def test_delays_grow() -> None:
    """Each pause is longer than the one before."""
    assert list(DELAYS) == sorted(set(DELAYS))
