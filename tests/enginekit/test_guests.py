"""Guests: whatever a task does, it costs one call and no more."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import guest_tasks
import psutil
import pytest
from guest_calls import GONE, HANG_LIMIT_S, call, pids

from api.enginekit import child, guests
from api.errors import Invalid, Overloaded, TooLarge, Unusable


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
    assert caught.value.passing == (reason == "died")
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


@pytest.fixture
def crowded(losses: Any) -> Iterator[None]:
    """The guest that is used, the one that was free last, has a third of one core."""
    guests.close()
    core = {min(os.sched_getaffinity(0))}
    busy = "while True: pass"
    with ExitStack() as others:
        for _ in range(2):
            other = others.enter_context(subprocess.Popen([sys.executable, "-c", busy]))
            others.callback(other.kill)
            os.sched_setaffinity(other.pid, core)
        os.sched_setaffinity(call(guest_tasks.process), core)
        yield
    guests.close()


def test_time_is_what_the_machine_gives(
    crowded: None, losses: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine a task has as much of the processor's time; then it is lost, too."""
    monkeypatch.setattr(child, "LENIENCE", 100)
    started = time.monotonic()
    assert call(guest_tasks.compute, 0.3, seconds=0.4)
    assert time.monotonic() - started > 0.4
    with pytest.raises(Unusable):
        call(guest_tasks.compute, 600, seconds=0.4)
    assert losses == [("compute", "hung")]


def test_lenience_has_an_end(crowded: None, losses: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, somebody waits for an answer."""
    monkeypatch.setattr(child, "LENIENCE", 1)
    with pytest.raises(Unusable):
        call(guest_tasks.compute, 0.4, seconds=0.4)
    assert losses == [("compute", "hung")]


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
    there = [psutil.Process(pid) for pid in pids()]
    for guest in there:
        guest.kill()
    assert psutil.wait_procs(there, timeout=HANG_LIMIT_S)[1] == []
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


def test_replaced_when_it_has_grown(losses: Any) -> None:
    """A process that keeps much memory after a task is replaced; one that keeps little is not."""
    slim = call(guest_tasks.keep, 100)
    assert call(guest_tasks.keep, 300) == slim
    assert call(guest_tasks.process) != slim
    assert not psutil.pid_exists(slim)
    assert losses == []


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
