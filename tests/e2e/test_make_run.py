"""`make run` on a fresh machine: what it runs, and what a newcomer reads."""

import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
from servers import PERCEPT, Server, environment, free_port, stop, wait_until_ready

from api.config import ROOT

pytestmark = pytest.mark.slow
COMMAND = ".venv/bin/percept "
CATALOGUE = """
[words]
task = "ocr"
title = "Words"
files = [{ name = "eng.dat", path = "eng.dat", bytes = 3 }]
"""


def make(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """`make` as somebody types it, also where `make test` runs these tests."""
    typed = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *words], cwd=folder, env=typed, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def steps() -> list[list[str]]:
    """The arguments of each `percept` command of `make run`, in order."""
    if shutil.which("make") is None:
        pytest.skip("make is not installed (Debian: make)")
    listing = make("--dry-run", "run", folder=ROOT)
    assert listing.returncode == 0, listing.stderr
    lines = [line.removeprefix("exec ") for line in listing.stdout.splitlines()]
    return [line.split()[1:] for line in lines if line.startswith(COMMAND)]


def run(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """One command, with all that it leaves in the background, and an empty mirror to pull from."""
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
    """The database, where to go, a model meanwhile, and the server."""
    assert [step[0] for step in steps] == ["setup", "doctor", "models", "serve"]
    assert {"--if-missing", "--quickly", "--in-background"} < set(steps[2])


def test_steps_before_serving_tell_a_newcomer_where_to_go(steps: list[list[str]], tmp_path: Path):
    """Offline and from nothing, each step succeeds and the text leads on; again, it is the same."""
    for _ in range(2):
        answers = [run(step, tmp_path) for step in steps[:-1]]
        assert [a.returncode for a in answers] == [0, 0, 0], answers
        assert not any(a.stderr for a in answers), answers
        _, told, pulling = (a.stdout for a in answers)
        assert "Everything works without it" in pulling
        assert ".venv/bin/percept models pull mobilenet_v2" in pulling
        assert "  classify  everyday_10 (default): " in told
        assert ".venv/bin/percept models list" in told
        assert ".venv/bin/percept users create --admin" in told
        assert "http" not in told  # nothing answers there yet


def test_a_model_comes_in_the_background(tmp_path: Path):
    """The command is done at once; how far the rest is comes line by line, on standard output."""
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "catalog.toml").write_text(CATALOGUE)
    (tmp_path / "mirror" / "eng.dat").write_bytes(b"abc")
    done = run(["models", "pull", "--quickly", "--in-background", "words"], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "words: eng.dat, 0 % of 0.0 MB",
        "words: eng.dat, 100 % of 0.0 MB",
        "words is installed (0.0 MB).",
    ]


def test_last_step_serves(steps: list[list[str]], tmp_path: Path, request: pytest.FixtureRequest):
    """It says where it is once it answers there, logs nothing but JSON, and ends with status 0."""
    port, log = free_port(), tmp_path / "server.log"
    with log.open("ab") as errors, (tmp_path / "out").open("wb") as output:
        process = subprocess.Popen(
            [PERCEPT, *steps[-1]],
            cwd=tmp_path,
            env=environment(tmp_path, PORT=str(port), PERCEPT_MAX_UPLOAD="5"),
            stdout=output,
            stderr=errors,
            stdin=subprocess.DEVNULL,
        )
    request.addfinalizer(process.kill)
    server = Server(f"http://127.0.0.1:{port}", process, tmp_path, log)
    wait_until_ready(server)
    assert server.get("/docs").status_code == 200
    deadline = time.monotonic() + 20
    while not (said := (tmp_path / "out").read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert said == f"Percept serves on http://127.0.0.1:{port} (docs: /docs).\n"
    assert stop(server) == 0
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"time", "level", "logger", "message"} <= set.intersection(*map(set, lines))
    messages = [line["message"] for line in lines]
    assert any("XNNPACK" in message for message in messages)  # LiteRT's own
    assert any("did you mean PERCEPT_MAX_UPLOAD_MB?" in message for message in messages)


def test_a_taken_port_is_told_of_before_anything_is_installed(tmp_path: Path):
    """One line that names PORT, in a tree that has no virtual environment yet."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "api").mkdir()
    for file in (ROOT / "api").glob("*.py"):
        shutil.copy(file, tmp_path / "api")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = make("run", f"PORT={port}", folder=tmp_path)
    first, *rest = done.stderr.splitlines()
    assert first.startswith(f"percept: PORT: another program uses {port} on 127.0.0.1.")
    assert [line[:6] for line in rest] == ["make: "]
    assert done.stdout == ""
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "__pycache__") == [
        "Makefile",
        "api",
    ]
