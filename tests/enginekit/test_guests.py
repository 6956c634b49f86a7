"""Guests: whatever a task does, it costs one call and no more."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import guest_tasks
import psutil
import pytest

from api.enginekit import child, guests
from api.errors import Invalid, NotReady, Overloaded, TooLarge, Unusable

GONE = Unusable("It takes too much time or memory.", "too_much")
HANG_LIMIT_S = 10.0


@pytest.fixture
def losses() -> Iterator[list[tuple[str, str]]]:
    """Two guests, and who was lost; those that are there already are used."""
    heard: list[tuple[str, str]] = []
    guests.configure(2, 1500, lambda task, reason: heard.append((task, reason)))
    yield heard
    guests.configure(2, 1500)


def call(task: Callable[..., Any], *args: object, seconds: float = HANG_LIMIT_S) -> Any:
    return guests.call(task, *args, seconds=seconds, lost=GONE)


def pids() -> set[int]:
    """Both guests, by making both work at once."""
    with ThreadPoolExecutor(2) as threads:
        return set(threads.map(lambda _: call(guest_tasks.nap, 0.1), range(2)))


def test_a_task_is_done_elsewhere(losses: Any) -> None:
    """Arguments go there, results come back, in a process that is not this one."""
    assert call(guest_tasks.add, 2, 3) == 5
    assert call(guest_tasks.process) != os.getpid()
    assert call(guest_tasks.size, bytes(5_000_000)) == 5_000_000
    assert len(call(guest_tasks.answer_much, 5_000_000)) == 5_000_000
    assert losses == []


def test_a_guest_is_used_again(losses: Any) -> None:
    """One after another, the same process does all."""
    assert len({call(guest_tasks.process) for _ in range(20)}) == 1


@pytest.mark.parametrize(
    ("task", "args", "reason"),
    [
        (guest_tasks.hang, (), "hung"),
        (guest_tasks.leave, (0,), "died"),
        (guest_tasks.leave, (3,), "died"),
        (guest_tasks.exit_politely, (), "died"),
        (guest_tasks.crash, (), "died"),
        (guest_tasks.abort, (), "died"),
        (guest_tasks.eat_python_memory, (), "memory"),
        (guest_tasks.eat_numpy_memory, (), "memory"),
        (guest_tasks.eat_mapped_memory, (), "memory"),
    ],
)
def test_what_befalls_a_guest_costs_one_call(
    losses: Any, task: Callable[..., Any], args: tuple[object, ...], reason: str
) -> None:
    """The caller is told in its own words, the loss is counted, the process is no more."""
    before = call(guest_tasks.process)
    with pytest.raises(Unusable) as caught:
        call(task, *args, seconds=0.2 if reason == "hung" else HANG_LIMIT_S)
    assert caught.value is GONE
    assert losses == [(task.__name__, reason)]
    assert not psutil.pid_exists(before)
    assert call(guest_tasks.add, 1, 1) == 2


def test_refusals_keep_their_words(losses: Any) -> None:
    """Code, values and fields of a domain error survive the journey, and the guest does too."""
    before = call(guest_tasks.process)
    with pytest.raises(Unusable) as torn:
        call(guest_tasks.refuse_as_unusable)
    assert (torn.value.code, torn.value.values) == ("page_torn", {"page": 3})
    assert str(torn.value) == "Page 3 is torn."
    with pytest.raises(TooLarge) as long:
        call(guest_tasks.refuse_as_too_large)
    assert long.value.code == "too_large"
    with pytest.raises(Invalid) as invalid:
        call(guest_tasks.refuse_a_field)
    assert [(e.field, e.values) for e in invalid.value.errors] == [("ssml", {"wanted": 7})]
    assert (call(guest_tasks.process), losses) == (before, [])


@pytest.mark.parametrize(
    ("task", "error"),
    [
        (guest_tasks.time_out, TimeoutError),
        (guest_tasks.reach_the_end, EOFError),
        (guest_tasks.divide, ZeroDivisionError),
        (guest_tasks.answer_with_a_lock, TypeError),
    ],
)
def test_a_bug_in_a_task_is_a_bug(losses: Any, task: Callable[..., Any], error: Any) -> None:
    """What it raises is raised here, with the line where it happened; nobody is lost."""
    before = call(guest_tasks.process)
    with pytest.raises(error) as caught:
        call(task)
    assert error is TypeError or "guest_tasks.py" in "".join(caught.value.__notes__)
    assert (call(guest_tasks.process), losses) == (before, [])


def test_what_cannot_be_sent_is_a_bug(losses: Any) -> None:
    """A task that has no name of its own, or an argument that cannot be pickled."""
    for task, args in ((lambda: None, ()), (guest_tasks.size, (threading.Lock(),))):
        with pytest.raises((TypeError, AttributeError)):
            call(task, *args)
    assert call(guest_tasks.add, 1, 1) == 2
    assert losses == []


def test_many_calls_while_one_hangs(losses: Any) -> None:
    """Fifty callers each get their own answer, though one of two guests is stuck."""
    with ThreadPoolExecutor(51) as threads:
        stuck = threads.submit(call, guest_tasks.hang, seconds=0.3)
        found = list(threads.map(lambda n: call(guest_tasks.add, n, n), range(50)))
        assert found == [2 * n for n in range(50)]
        assert stuck.exception() is GONE
    assert losses == [("hang", "hung")]


@pytest.mark.slow
def test_the_wait_for_a_guest_has_an_end(losses: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """When all of them are stuck, others are told to come back; later all is well."""
    monkeypatch.setattr(guests, "PATIENCE_S", 0.1)
    with ThreadPoolExecutor(2) as threads:
        stuck = [threads.submit(call, guest_tasks.hang, seconds=0.6) for _ in range(2)]
        time.sleep(0.2)
        with pytest.raises(Overloaded):
            call(guest_tasks.add, 1, 1)
        assert [one.exception() for one in stuck] == [GONE, GONE]
    assert call(guest_tasks.add, 1, 1) == 2


def test_one_that_dies_idle_is_replaced(losses: Any) -> None:
    """Nobody's call is lost with it."""
    for pid in pids():
        os.kill(pid, signal.SIGKILL)
        psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=5)
    assert [call(guest_tasks.add, n, 1) for n in range(3)] == [1, 2, 3]
    assert losses == []


@pytest.mark.slow
def test_one_that_reads_nothing_is_lost(losses: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A guest that stopped between two tasks does not hold up its caller for ever."""
    guests.close()
    monkeypatch.setattr(child, "STALLED_S", 0.2)
    os.kill(call(guest_tasks.process), signal.SIGSTOP)
    with pytest.raises(Unusable):
        call(guest_tasks.size, bytes(5_000_000))
    assert losses == [("size", "died")]
    assert call(guest_tasks.size, bytes(5_000_000)) == 5_000_000
    guests.close()


def test_replaced_before_it_is_worn_out(losses: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many tasks a guest goes, with all that its libraries have leaked."""
    monkeypatch.setattr(guests, "TASKS_PER_GUEST", 3)
    assert len({call(guest_tasks.process) for _ in range(8)}) >= 3
    assert losses == []


def test_memory_is_given_back(losses: Any) -> None:
    """A guest that has used what it may use is as small afterwards as before."""
    memory = psutil.Process(call(guest_tasks.process)).memory_info
    before = memory().rss
    assert call(guest_tasks.eat_what_is_allowed) == 400_000_000
    assert memory().rss - before < 50e6


def test_the_same_settings_keep_the_guests(losses: Any) -> None:
    """A second application in the process changes nothing; another limit makes new guests."""
    before = call(guest_tasks.process)
    guests.configure(2, 1500)
    assert call(guest_tasks.process) == before
    guests.configure(1, 1400)
    assert call(guest_tasks.process) != before
    assert not psutil.pid_exists(before)


def test_closed(losses: Any) -> None:
    """All of them end, at once."""
    found = pids()
    assert len(found) == 2
    guests.close()
    assert not any(map(psutil.pid_exists, found))


@pytest.mark.slow
def test_closed_while_one_works(losses: Any) -> None:
    """It finishes what it does, and ends; the next call gets a new one."""
    with ThreadPoolExecutor(1) as thread:
        working = thread.submit(call, guest_tasks.nap, 0.3)
        time.sleep(0.1)
        guests.close()
        last = working.result()
    assert not psutil.pid_exists(last)
    assert call(guest_tasks.process) != last


def test_all_are_there_before_the_first_task(losses: Any) -> None:
    """Warming up starts as many as there may be, with the modules that tasks need."""
    guests.close()
    guests.preload("api.services.classify.guest")
    guests.warm_up()
    server = psutil.Process(call(guest_tasks.process)).parent()
    assert server is not None
    assert len(server.children()) == 2
    assert call(guest_tasks.is_imported, "PIL.Image")
    assert not call(guest_tasks.is_imported, "flask")


PARENT = """
import sys
sys.path[:0] = {path!r}
import guest_tasks
from api.enginekit import guests
from api.errors import Unusable

if __name__ == "__main__":
    guests.configure(1, 1500)
    print(guests.call(guest_tasks.process, seconds=9, lost=Unusable("x")), flush=True)
    guests.call(guest_tasks.{task}, seconds=0.5, lost=Unusable("x"))
"""


@pytest.mark.slow
def test_a_stuck_guest_does_not_outlive_its_server_for_long(tmp_path: Path) -> None:
    """The server is killed without a chance to tidy up; what hangs ends at its own time limit."""
    script = tmp_path / "parent.py"
    script.write_text(PARENT.format(path=sys.path, task="hang"))
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        guest = psutil.Process(int(parent.stdout.readline()))
        time.sleep(0.2)  # until it hangs
        parent.kill()
        assert is_alive(guest)
    until = time.monotonic() + HANG_LIMIT_S
    while is_alive(guest) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_alive(guest)


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_one_that_cannot_start(losses: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told as such, at once, and later all is well again."""
    guests.close()
    with monkeypatch.context() as patch:
        patch.setattr(guests._house, "modules", ("no_such_module",))
        with pytest.raises(NotReady):
            guests.warm_up()
        with pytest.raises(NotReady):
            call(guest_tasks.add, 1, 1)
    assert (call(guest_tasks.add, 1, 1), losses) == (2, [])
