"""Guests of a real server: what befalls them harms no worker, and none outlives its worker."""

import io
import signal
import time
from collections.abc import Callable, Iterator

import httpx
import psutil
import pytest
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families
from servers import Server, start, stop, wait_until_ready

pytestmark = pytest.mark.slow
HANG_LIMIT_S = 20


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of two workers that only classifies."""
    services = "accounts,history,classify"
    folder = tmp_path_factory.mktemp("guests")
    running = start(folder, PERCEPT_RATE_LIMITS="off", PERCEPT_SERVICES=services)
    yield running
    stop(running)


def classify(server: Server) -> httpx.Response:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "navy").save(out, "PNG")
    headers = server.bearer("ada@example.com")
    return server.post("/api/v1/classify", headers=headers, files={"image": out.getvalue()})


def children(process: psutil.Process) -> list[psutil.Process]:
    """Those of a process that may end while one asks."""
    try:
        return process.children()
    except psutil.NoSuchProcess:
        return []


def workers(server: Server) -> list[psutil.Process]:
    return children(psutil.Process(server.process.pid))


def helpers(server: Server) -> list[psutil.Process]:
    """What the workers have started: what forks their guests, and what tidies up after them."""
    return [child for worker in workers(server) for child in children(worker)]


def guests(server: Server) -> list[psutil.Process]:
    return [guest for helper in helpers(server) for guest in children(helper)]


def losses(server: Server) -> dict[tuple[str, str], float]:
    found = text_string_to_metric_families(server.get("/metrics").text)
    samples = [
        s for family in found if family.name == "percept_guests_lost" for s in family.samples
    ]
    return {(s.labels["task"], s.labels["reason"]): s.value for s in samples}


def gone(processes: list[psutil.Process]) -> bool:
    """Whether they all end; one that nobody has buried yet has ended."""
    return within_reason(lambda: not any(map(is_alive, processes)))


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def within_reason(condition: Callable[[], bool]) -> bool:
    until = time.monotonic() + HANG_LIMIT_S
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_two_for_each_worker(small: Server) -> None:
    """They are there before the first request, and the metrics tell their memory."""
    assert within_reason(lambda: len(guests(small)) == 4)
    text = small.get("/metrics").text
    for guest in guests(small):
        assert f'{{pid="{guest.pid}",role="guest"}}' in text


def test_guests_that_are_stuck(small: Server) -> None:
    """Each costs one request, which is told so within its limit; the workers are the same."""
    before = [worker.pid for worker in workers(small)]
    for guest in guests(small):
        guest.suspend()
    answers = [classify(small) for _ in range(3)]
    statuses = [answer.status_code for answer in answers]
    while statuses[-1] != 200:
        statuses.append(classify(small).status_code)
    assert set(statuses) == {422, 200}
    assert answers[0].json()["code"] == "image_unreadable"
    assert losses(small)["prepare", "hung"] == statuses.count(422) <= 4
    assert [worker.pid for worker in workers(small)] == before


def test_guests_that_are_killed(small: Server) -> None:
    """By the system, which needs memory, between two requests: nobody notices."""
    for guest in guests(small):
        guest.kill()
    assert [classify(small).status_code for _ in range(6)] == [200] * 6


def test_a_worker_that_is_killed(small: Server) -> None:
    """Its guests end with it; the next worker has its own."""
    everything = {*helpers(small), *guests(small)}
    victim = workers(small)[0]
    its = set(victim.children(recursive=True))
    victim.kill()
    assert gone([*its])
    assert {process for process in everything if is_alive(process)} == everything - its
    wait_until_ready(small)
    assert classify(small).status_code == 200


def test_a_reload(small: Server) -> None:
    """After HUP there are new workers with new guests, and nothing of the old ones."""
    before = [*workers(small), *helpers(small), *guests(small)]
    small.process.send_signal(signal.SIGHUP)
    assert gone(before)
    assert within_reason(lambda: len(guests(small)) == 4)
    wait_until_ready(small)
    assert classify(small).status_code == 200


def test_the_end(small: Server) -> None:
    """After TERM nothing is left."""
    everything = [*workers(small), *helpers(small), *guests(small)]
    assert len(everything) >= 10
    assert stop(small) == 0
    assert gone(everything)
