"""The master on a reload: old workers stay until the new ones serve."""

from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.arbiter import Arbiter

from api.master import PatientMaster


@pytest.fixture
def master(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A master of two workers that is asked to reload; `told` is what happened, in order."""
    one = object.__new__(PatientMaster)
    one.told = []
    one._num_workers = 2
    one.cfg = SimpleNamespace(timeout=120)
    one.WORKERS = {age: SimpleNamespace(age=age, serves=age <= 2) for age in (4, 1, 3, 2)}
    one.reap_workers = lambda: one.told.append("wait")
    monkeypatch.setattr(Arbiter, "manage_workers", lambda _: one.told.append("end the old"))
    return one


def test_waits_until_all_new_ones_serve(master: Any) -> None:
    """One of two is not enough."""

    def boot() -> None:
        master.told.append("wait")
        master.WORKERS[2 + len(master.told)].serves = True

    master.reap_workers = boot
    master.manage_workers()
    assert master.told == ["wait", "wait", "end the old"]


def test_does_not_wait_for_ever(master: Any) -> None:
    """New workers that never serve are gunicorn's matter again."""
    master.cfg.timeout = 0.2
    master.manage_workers()
    assert master.told[-2:] == ["wait", "end the old"]


def test_does_not_wait_when_it_is_to_end(master: Any) -> None:
    """TERM while new workers load ends the server as it would at any time."""
    master.SIG_QUEUE = SimpleNamespace(put_nowait=lambda _: None)
    master.signal(15, None)
    master.manage_workers()
    assert master.told == ["end the old"]


@pytest.mark.parametrize("ages", [(1, 2), (3, 4), (3,)])
def test_nothing_to_wait_for(master: Any, ages: tuple[int, ...]) -> None:
    """Neither when all is well nor while workers are missing."""
    master.WORKERS = {age: master.WORKERS[age] for age in ages}
    master.manage_workers()
    assert master.told == ["end the old"]
