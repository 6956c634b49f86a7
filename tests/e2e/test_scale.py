"""The topology of `make demo-scale`: many processes behind nginx that are one server to clients."""

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import httpx
import psutil
import pytest
from apart import (
    SERVERS,
    at,
    documented,
    events,
    eventually,
    everywhere,
    left_of,
    metric,
    need_programs,
    picture,
    sign_in,
    workers,
)
from demo.parts import Failed
from demo.topology import SERVICES, Topology
from pages import drawn, file_of

from api.config import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def topology() -> Iterator[Topology]:
    """One for all tests here; when it is gone, so is everything of it."""
    need_programs()
    with Topology() as running:
        yield running
    assert not running.folder.exists()
    assert left_of(running.folder) == []


@pytest.fixture(scope="module")
def client(topology: Topology) -> Iterator[httpx.Client]:
    """Talks to nginx."""
    with httpx.Client(base_url=topology.url, timeout=60) as connection:
        yield connection


@pytest.fixture(scope="module")
def bearer(client: httpx.Client) -> dict[str, str]:
    """The headers of somebody who is signed in through nginx."""
    return sign_in(client, "ada@example.com")


def test_a_session_ends_everywhere_at_once(topology: Topology) -> None:
    """Opened on one accounts process and ended on the other, it is over for each service."""
    with httpx.Client(base_url=at(topology, "accounts", 0), timeout=30) as one:
        bearer = sign_in(one, "bob@example.com")
    places = [f"{url}/api/v1/models" for url in everywhere(topology)]
    assert {httpx.get(place, headers=bearer).status_code for place in places} == {200}
    ended = httpx.post(f"{at(topology, 'accounts', 1)}/api/v1/auth/logout", headers=bearer)
    assert ended.status_code == 204
    time.sleep(1)
    refusals = [httpx.get(place, headers=bearer).json()["code"] for place in places]
    assert refusals == ["token_revoked"] * 7


def test_a_file_stored_by_one_process_is_read_through_another(
    topology: Topology, client: httpx.Client, bearer: dict[str, str]
) -> None:
    """A classify process stores it, both accounts processes and nginx hand it out."""
    sent = {"image": ("a.png", picture("a lamp"), "image/png")}
    url = f"{at(topology, 'classify')}/api/v1/classify"
    answer = httpx.post(url, files=sent, headers=bearer, timeout=30)
    assert answer.status_code == 200
    path = f"/api/v1/history/{answer.json()['id']}/input"
    for base in (topology.url, at(topology, "accounts", 0), at(topology, "accounts", 1)):
        read = httpx.get(base + path, headers=bearer, follow_redirects=True)
        assert (read.status_code, read.content[:4]) == (200, b"\x89PNG")


def test_an_upload_made_by_one_process_is_used_by_another(
    topology: Topology, client: httpx.Client, bearer: dict[str, str]
) -> None:
    """The address that an accounts process signs takes the file, and OCR reads it by its id."""
    url = f"{at(topology, 'accounts')}/api/v1/uploads"
    place = httpx.post(url, json={"media_type": "image/png"}, headers=bearer).json()
    put = httpx.put(place["url"], content=picture("Seven lamps"), headers=place["headers"])
    assert put.status_code in (200, 204)
    form = {"upload_id": (None, place["id"])}
    read = client.post("/api/v1/ocr", files=form, headers=bearer)
    assert read.status_code == 200, read.text
    assert "lamps" in read.json()["text"]


def test_a_job_runs_on_a_worker_and_its_events_arrive_as_they_happen(
    client: httpx.Client, topology: Topology, bearer: dict[str, str]
) -> None:
    """No server does the job; the stream tells of it before it has ended, and of its end."""
    leaves = [drawn([f"Lamp number {n}"] * 8) for n in range(4)]
    document = file_of(leaves[0], "PDF", save_all=True, append_images=leaves[1:])
    asked = bearer | {"Prefer": "respond-async", "Content-Type": "application/pdf"}
    answer = client.post("/api/v1/ocr", content=document, headers=asked)
    assert answer.status_code == 202, answer.text
    followed = list(events(client, f"{answer.headers['Location']}/events", bearer))
    assert followed[0][1]["status"] in ("queued", "running")
    assert followed[-1][1]["status"] == "succeeded"
    assert len(followed) > 2
    # Had nginx kept them back, all would have come in one moment.
    assert followed[-1][0] - followed[0][0] > 0.3
    result = client.get(f"/api/v1/history/{answer.json()['id']}", headers=bearer)
    assert result.json()["result"]["pages"][3]["number"] == 4
    done = [
        metric(f"http://127.0.0.1:{p}", "percept_job_attempts_total") for p in workers(topology)
    ]
    assert sum(done) >= 1
    assert metric(at(topology, "ocr"), "percept_job_attempts_total") == 0


def test_one_document_describes_all_parts(topology: Topology, client: httpx.Client) -> None:
    """nginx serves the committed one; each part documents its own routes, and all make up one."""
    merged = client.get("/openapi.json")
    assert merged.content == (ROOT / "openapi.json").read_bytes()
    assert merged.headers["Content-Type"] == "application/json"
    paths = {name: documented(at(topology, name)) for name in SERVERS}
    for name in ("classify", "ocr", "tts", "stt"):
        assert paths[name]
        assert {
            path for path in paths[name] if not path.startswith((f"/{name}", "/models"))
        } == set()
    assert not [
        path for path in paths["accounts"] if path.startswith(tuple(f"/{n}" for n in SERVERS))
    ]
    assert set().union(*paths.values()) == set(merged.json()["paths"])
    assert client.get("/docs").status_code == 200


def test_each_part_has_its_own_health(topology: Topology) -> None:
    """Its readiness names what it offers, and nothing else."""
    for name in SERVERS:
        ready = httpx.get(f"{at(topology, name)}/health/ready").json()
        assert ready["services"] == sorted(SERVICES[name].split(","))


def test_an_idempotency_key_holds_across_processes(
    topology: Topology, bearer: dict[str, str]
) -> None:
    """The same request to the other process is answered with the first one's answer."""
    headers = bearer | {"Idempotency-Key": "lamp-1", "Content-Type": "image/png"}
    content = picture("twice")
    answers = [
        httpx.post(
            f"{at(topology, 'classify', n)}/api/v1/classify", content=content, headers=headers
        )
        for n in (0, 1)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()


def test_rate_limits_count_across_processes(topology: Topology) -> None:
    """Ten wrong passwords, five at each accounts process, and both refuse the next one."""
    wrong = {"email": "nobody@example.com", "password": "not a password of anybody"}
    urls = [f"{at(topology, 'accounts', n)}/api/v1/auth/login" for n in (0, 1)]
    codes = [httpx.post(urls[n % 2], json=wrong).status_code for n in range(12)]
    assert codes == [401] * 10 + [429] * 2


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/metrics", 404, "not_found"),
        ("GET", "/swagger.json", 404, "not_found"),
        ("POST", "/openapi.json", 405, "method_not_allowed"),
        ("GET", "/api/v1/classifying", 404, "not_found"),
        ("GET", f"/{'x' * 9000}", 414, "uri_too_long"),
    ],
)
def test_refusals_are_problems(
    client: httpx.Client, method: str, path: str, status: int, code: str
) -> None:
    """What nginx refuses has the form of what Percept refuses, and the id that was sent."""
    answer = client.request(method, path, headers={"X-Request-Id": "mine-1"})
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    assert problem["type"] == f"urn:percept:problem:{code}"


def test_nginx_lets_in_what_the_parts_let_in(client: httpx.Client, bearer: dict[str, str]) -> None:
    """A body over the limit is refused by nginx, one just over Percept's by Percept."""
    for size, code in ((25_100_000, "too_large"), (27_000_000, "too_large")):
        headers = bearer | {"Content-Type": "image/png"}
        answer = client.post("/api/v1/classify", content=bytes(size), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (413, code)


def test_prometheus_watches_every_process(topology: Topology) -> None:
    """Each one was asked with success, and every alert can be computed; none is due."""

    def all_up() -> bool:
        found = prometheus(topology, "targets")["activeTargets"]
        return len(found) == 9 and all(target["health"] == "up" for target in found)

    def all_known() -> list[Any]:
        (group,) = prometheus(topology, "rules")["groups"]
        known = all(rule["health"] == "ok" for rule in group["rules"])
        return group["rules"] if known else []

    assert eventually(all_up)
    rules = eventually(all_known)
    assert len(rules) > 10
    assert [rule["name"] for rule in rules if rule["state"] == "firing"] == []


def prometheus(topology: Topology, what: str) -> Any:
    return httpx.get(f"{topology.prometheus_url}/api/v1/{what}").json()["data"]


def test_requests_go_on_when_a_process_dies(
    topology: Topology, client: httpx.Client, bearer: dict[str, str]
) -> None:
    """One of two classify processes is killed, children and all: only Prometheus notices."""
    killed = psutil.Process(topology.programs.pid("classify-2"))
    family = [killed, *killed.children(recursive=True)]
    os.killpg(killed.pid, signal.SIGKILL)
    psutil.wait_procs(family, 10)
    headers = bearer | {"Content-Type": "image/png"}
    content = picture("still here")
    codes = [
        client.post("/api/v1/classify", content=content, headers=headers).status_code
        for _ in range(20)
    ]
    assert codes == [200] * 20
    dead = f"127.0.0.1:{topology.ports['classify'][1]}"

    def noticed() -> bool:
        targets = prometheus(topology, "targets")["activeTargets"]
        return any(t["labels"]["instance"] == dead and t["health"] == "down" for t in targets)

    assert eventually(noticed)
    with pytest.raises(Failed, match="classify-2 has ended"):
        topology.programs.check()


def test_what_cannot_start_leaves_nothing() -> None:
    """A setting that no part accepts: it is named, and neither a process nor a folder stays."""
    need_programs()
    topology = Topology(PERCEPT_THREADS="0")
    with pytest.raises(Failed, match="PERCEPT_THREADS"), topology:
        pass
    assert not topology.folder.exists()
    assert left_of(topology.folder) == []
