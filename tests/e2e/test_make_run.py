"""`make run` on a fresh machine: what it runs, and what a newcomer reads."""

import shutil
import subprocess
from pathlib import Path

import pytest
from servers import PERCEPT, Server, environment, free_port, stop, wait_until_ready

from api.config import ROOT

pytestmark = pytest.mark.slow
COMMAND = ".venv/bin/percept "


@pytest.fixture(scope="module")
def steps() -> list[list[str]]:
    """The arguments of each `percept` command of `make run`, in order."""
    if shutil.which("make") is None:
        pytest.skip("make is not installed (Debian: make)")
    listing = subprocess.run(
        ["make", "--dry-run", "run"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    lines = [line.removeprefix("exec ") for line in listing.stdout.splitlines()]
    return [line.split()[1:] for line in lines if line.startswith(COMMAND)]


def run(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """One command in a folder of its own, without a network to pull from."""
    (folder / "mirror").mkdir(exist_ok=True)
    more = {"PORT": "8123", "PERCEPT_MODELS_MIRROR": str(folder / "mirror")}
    return subprocess.run(
        [PERCEPT, *arguments],
        cwd=folder,
        env=environment(folder, **more),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_order_of_steps(steps: list[list[str]]):
    """First the database, then a model if it is quick, then where to go, then the server."""
    assert [step[0] for step in steps] == ["setup", "models", "doctor", "serve"]
    assert {"--if-missing", "--quickly"} < set(steps[1])


def test_steps_before_serving_tell_a_newcomer_where_to_go(steps: list[list[str]], tmp_path: Path):
    """Offline and from nothing, each step succeeds and the text leads on; again, it is the same."""
    for _ in range(2):
        answers = [run(step, tmp_path) for step in steps[:-1]]
        assert [a.returncode for a in answers] == [0, 0, 0], answers
        assert not any(a.stderr for a in answers), answers
        _, pulling, told = (a.stdout for a in answers)
        assert "Going on without it" in pulling
        assert "percept models pull mobilenet_v2" in pulling
        assert "http://127.0.0.1:8123/docs" in told
        assert "installed    everyday_10: " in told
        assert "(default)" in told
        assert "mobilenet_v2" in told
        assert ".venv/bin/percept models pull NAME" in told
        assert ".venv/bin/percept users create --admin" in told


def test_last_step_serves(steps: list[list[str]], tmp_path: Path, request: pytest.FixtureRequest):
    """The last step answers on the port of the settings and ends with status 0 when told to."""
    port, log = free_port(), tmp_path / "server.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [PERCEPT, *steps[-1]],
            cwd=tmp_path,
            env=environment(tmp_path, PORT=str(port)),
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
    request.addfinalizer(process.kill)
    server = Server(f"http://127.0.0.1:{port}", process, tmp_path, log)
    wait_until_ready(server)
    assert server.get("/docs").status_code == 200
    assert stop(server) == 0
    assert f"Percept serves on http://127.0.0.1:{port} (docs: /docs)." in log.read_text()
