"""When guests are started and ended, and what outlives their server."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import guest_tasks
import psutil
import pytest
from guest_calls import GONE, HANG_LIMIT_S, call, pids

from api.enginekit import guests
from api.errors import NotReady, Unusable


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


def test_an_extra_guest_keeps_what_a_task_leaves(losses: Any) -> None:
    """All tasks of one block run in one process, which no other caller has; then it is spare."""
    ours = {call(guest_tasks.process) for _ in range(4)}
    with guests.apart(seconds=5, lost=GONE) as first, guests.apart(seconds=5, lost=GONE) as second:
        found = [one(guest_tasks.process) for one in (first, first, second, second)]
    assert found[0] == found[1] != found[2] == found[3]
    assert not ours & set(found)
    with guests.apart(seconds=5, lost=GONE) as again:
        assert again(guest_tasks.process) in found
        with pytest.raises(Unusable):
            again(guest_tasks.crash)
    assert losses == [("crash", "died")]
