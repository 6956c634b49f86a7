"""Clients that use their connections again, after uploads that were refused: nothing fails."""

import http.client
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import requests
from servers import Server

pytestmark = pytest.mark.slow
Ask = Callable[..., int]  # method, path, body and media type; the status
BODY = b"x" * 300_000
UPLOAD = "/api/v1/uploads/01a1fbed-c317-7722-907f-f02a73331a68/content"
REFUSED = [
    ("POST", "/api/v1/classify", "image/png", 401),
    ("PUT", UPLOAD, "image/png", 403),
    ("POST", "/api/v1/nothing", "image/png", 404),
    ("POST", "/api/v1/models", "image/png", 405),
    ("POST", "/api/v1/auth/login", "application/json", 413),
    ("POST", "/api/v1/auth/login", "text/plain", 415),
]
ROUNDS = 5


@contextmanager
def by_requests(url: str) -> Iterator[Ask]:
    with requests.Session() as session:
        yield (
            lambda method, path, body=None, kind="": (
                session.request(
                    method, url + path, data=body, headers={"Content-Type": kind}, timeout=20
                ).status_code
            )
        )


@contextmanager
def by_httpx(url: str) -> Iterator[Ask]:
    with httpx.Client(base_url=url, timeout=20) as client:
        yield (
            lambda method, path, body=None, kind="": (
                client.request(
                    method, path, content=body, headers={"Content-Type": kind}
                ).status_code
            )
        )


@contextmanager
def by_http_client(url: str) -> Iterator[Ask]:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)

    def ask(method: str, path: str, body: object = None, kind: str = "") -> int:
        chunked = (
            {} if body is None or isinstance(body, bytes) else {"Transfer-Encoding": "chunked"}
        )
        headers = {"Content-Type": kind, **chunked}
        connection.request(method, path, body, headers, encode_chunked=bool(chunked))
        answer = connection.getresponse()
        answer.read()
        return answer.status

    yield ask
    connection.close()


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("client", [by_requests, by_httpx, by_http_client])
def test_the_next_request(
    server: Server, client: Callable[[str], "contextmanager[Ask]"], chunked: bool
) -> None:
    """After each refusal the next request on the same pool is answered."""
    with client(server.url) as ask:
        for _ in range(ROUNDS):
            for method, path, kind, status in REFUSED:
                body = iter([BODY[:50_000]] * 6) if chunked else BODY
                assert ask(method, path, body, kind) == status
                assert ask("GET", "/health/live") == 200


@pytest.mark.parametrize("more", [[], ["Transfer-Encoding: chunked"], ["Expect: 100-continue"]])
def test_curl(server: Server, tmp_path: Path, more: list[str]) -> None:
    """The same by curl, which waits for 100 Continue when it sends much or is told to."""
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    (tmp_path / "body").write_bytes(BODY * 5)
    show = ["-s", "-S", "-o", tmp_path / "answer", "-w", "%{http_code} "]
    command = ["curl"]
    for method, path, kind, _ in REFUSED:
        headers = [part for line in [f"Content-Type: {kind}", *more] for part in ("-H", line)]
        body = ["--data-binary", f"@{tmp_path / 'body'}"]
        command += [*show, "-X", method, *headers, *body, server.url + path, "--next"]
        command += [*show, server.url + "/health/live", "--next"]
    done = subprocess.run(command[:-1], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.split() == [code for *_, status in REFUSED for code in (str(status), "200")]
