"""What `make run` finds out before it installs anything."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.config import ROOT
from api.preflight import address_problem


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def preflight(folder: Path, host: str = "", port: str = "") -> str:
    """What is said in a folder; without any package, as before the installation."""
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from api.preflight import main; "
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"{code} main(*sys.argv[1:])", host, port],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) == (done.stderr == "")
    return done.stderr


def test_a_taken_port(taken: int, tmp_path: Path) -> None:
    """One line that names PORT and one that may be free."""
    said = preflight(tmp_path, port=str(taken))
    assert said == (
        f"percept: PORT: another program uses {taken} on 127.0.0.1. "
        f"Stop it, or choose another port: PORT={taken + 1}\n"
    )


@pytest.mark.parametrize("line", ["PORT={}", "export PORT = '{}'  # ours", 'PORT="{}"\nHOST='])
def test_the_port_of_dotenv(taken: int, tmp_path: Path, line: str) -> None:
    """Where the environment says nothing, .env counts; what neither says is the default."""
    (tmp_path / ".env").write_text(f"#PORT=1\n{line.format(taken)}\n")
    assert f"PORT: another program uses {taken}" in preflight(tmp_path)
    assert preflight(tmp_path, port="0") == ""


def test_values_that_are_none_are_told_of_later(tmp_path: Path) -> None:
    """`percept` says what is wrong with them."""
    assert preflight(tmp_path, port="abc") == ""
    assert preflight(tmp_path, port="99999") == ""


@pytest.mark.parametrize("host", ["no such host", "192.0.2.1", "a" * 70 + ".example", "::zz"])
def test_hosts_that_are_elsewhere(host: str) -> None:
    """The line names HOST, not PORT."""
    assert address_problem(host, 0).startswith("HOST: ")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_hosts_that_are_here(host: str) -> None:
    """Nothing is said, and the port is free again afterwards."""
    assert address_problem(host, 0) == ""
