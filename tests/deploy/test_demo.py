"""The demo's supervisor, with programs that fail, die or do not listen."""

import os
import signal
import time
from pathlib import Path

import psutil
import pytest
from demo import parts
from demo.parts import Failed, Part, Programs, environment, free_ports, program


def shell(name: str, text: str, ready: bool = True) -> Part:
    return Part(name, ("/bin/sh", "-c", text), lambda: ready)


def test_a_part_that_ends_is_named_with_its_last_words(tmp_path: Path) -> None:
    """While one waits for it, and later."""
    programs = Programs(tmp_path)
    with pytest.raises(Failed, match=r"lamp has ended \(3\)\.\n  no oil"):
        programs.start(shell("lamp", "echo no oil; exit 3", ready=False))
    later = Programs(tmp_path)
    later.start(shell("ship", "sleep 60"))
    os.killpg(later.pid("ship"), signal.SIGKILL)
    while psutil.Process(later.pid("ship")).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.02)
    with pytest.raises(Failed, match=r"ship has ended \(-9\)"):
        later.check()
    later.stop(later.names())


def test_a_part_that_never_gets_ready_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is an end to waiting."""
    monkeypatch.setattr(parts, "READY_SECONDS", 0.3)
    programs = Programs(tmp_path)
    with pytest.raises(Failed, match="snail did not get ready"):
        programs.start(shell("snail", "sleep 60", ready=False))
    programs.stop(programs.names())


def test_what_does_not_end_is_killed_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deaf to the polite signal, with a child of its own: both are gone."""
    monkeypatch.setattr(parts, "STOP_SECONDS", 0.3)
    programs = Programs(tmp_path)
    programs.start(shell("deaf", "trap '' TERM; sleep 60 & echo $! > child; wait; sleep 60"))
    while not (tmp_path / "child").exists() or not (tmp_path / "child").read_text().strip():
        time.sleep(0.02)
    child = psutil.Process(int((tmp_path / "child").read_text()))
    programs.stop(programs.names())
    gone, _ = psutil.wait_procs([child], 10)
    assert gone
    assert programs.names() == []


def test_each_part_ends_by_its_own_signal(tmp_path: Path) -> None:
    """PostgreSQL, for one, is not asked by SIGTERM."""
    programs = Programs(tmp_path)
    log = programs.log("one")
    # INT and QUIT, ignored in whatever a script runs in the background, could not be trapped.
    text = "trap 'echo asked; exit' USR1; echo up; while :; do sleep 0.05; done"
    command = ("/bin/sh", "-c", text)
    programs.start(Part("one", command, lambda: bool(log.read_text()), ends_by=signal.SIGUSR1))
    programs.stop(["one"])
    assert log.read_text() == "up\nasked\n"


def test_nothing_of_the_developer_reaches_the_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither settings nor credentials; the path stays."""
    for name in ("PERCEPT_SECRET", "DATABASE_URL", "AWS_PROFILE", "PORT"):
        monkeypatch.setenv(name, "mine")
    given = environment({"PORT": "1"})
    assert "mine" not in given.values()
    assert given["PATH"] == os.environ["PATH"]
    assert given["PORT"] == "1"


def test_ports_differ() -> None:
    """No two parts are given the same one."""
    ports = free_ports()
    assert len({next(ports) for _ in range(30)}) == 30


def test_what_is_not_installed_is_named() -> None:
    with pytest.raises(Failed, match="no-such-program is not installed"):
        program("no-such-program")
