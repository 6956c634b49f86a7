"""The Dockerfile's commands, carried out here: they make a server that runs."""

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from dockerfile import environment_of, health_command, stages, those
from servers import Server, free_port, wait_until_ready

from api.config import ROOT


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """Where /app, /opt/venv and /data of the image are made here."""
    (tmp_path / "app").mkdir()
    (tmp_path / "data").mkdir()
    yield tmp_path
    subprocess.run(["chmod", "-R", "u+w", tmp_path], check=True)
    shutil.rmtree(tmp_path)  # gigabytes, which pytest would keep


def here(text: str, place: Path) -> str:
    """The text of the Dockerfile, its folders moved to the place."""
    return re.sub(r"(?<![\w./])/(opt/venv|app|data)\b", rf"{place}/\1", text)


def uv_folder() -> str:
    return str(Path(shutil.which("uv") or ROOT / ".tools" / "bin" / "uv").parent)


def build(place: Path) -> None:
    """The instructions of the first stage, but for the one that brings uv."""
    environment = {**os.environ, **environment_of(stages()[0])}
    environment["PATH"] = f"{uv_folder()}:{environment['PATH']}"
    environment.pop("UV_NO_CACHE")  # in an image the cache is a burden, here a help
    for step in stages()[0]:
        if step.name == "COPY":
            copy(step.words, place / "app")
        elif step.name == "RUN" and "pip install --no-cache-dir uv" not in step.text:
            command = here(step.text, place).replace("python -m", f"{place}/opt/venv/bin/python -m")
            subprocess.run(
                ["bash", "-euc", command], cwd=place / "app", env=environment, check=True
            )


def copy(words: list[str], app: Path) -> None:
    *sources, target = words
    ignore = shutil.ignore_patterns("__pycache__", "*.pyc")
    for source in sources:
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, app / target, ignore=ignore)
        else:
            shutil.copy(ROOT / source, app / target)


def environment_in(place: Path, port: int) -> dict[str, str]:
    """The environment of the last stage, its folders moved to the place."""
    found = {name: here(value, place) for name, value in environment_of(stages()[-1]).items()}
    path = f"{place}/opt/venv/bin:{os.environ['PATH']}"
    return found | {"PATH": path, "PORT": str(port), "HOME": "/nonexistent", "HOST": "127.0.0.1"}


def powerless(place: Path) -> list[str]:
    """Takes away the right to write anything but the data; what to put before a command.

    The image's user itself may not even read Python here, if that lies in somebody's home.
    """
    subprocess.run(["chmod", "-R", "a-w", place / "app", place / "opt"], check=True)
    return ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] if os.geteuid() == 0 else []


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_instructions_make_a_server_that_runs(place: Path, request: pytest.FixtureRequest) -> None:
    """Built by the Dockerfile's own commands, it serves, and may write only to /data."""
    build(place)
    before, port, log = powerless(place), free_port(), place / "server.log"
    common = {"env": environment_in(place, port), "cwd": place / "app"}
    assert subprocess.run([*before, "touch", "new"], check=False, **common).returncode != 0
    (command,) = those(stages()[-1], "CMD")
    serve = ["env", *json.loads(command.text)]  # env looks for it on the image's PATH
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*before, *serve],
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            **common,
        )
    request.addfinalizer(process.kill)
    server = Server(f"http://127.0.0.1:{port}", process, place, log)
    wait_until_ready(server)
    check = [*before, "env", *health_command()]
    assert subprocess.run(check, check=False, **common).returncode == 0
    answer = server.get("/api/v1/models", headers=server.bearer("ada@example.com"))
    assert answer.json()["items"]
    assert (place / "data" / "secret.key").exists()
    process.send_signal(signal.SIGTERM)
    assert process.wait(40) == 0
    assert subprocess.run(check, check=False, capture_output=True, **common).returncode != 0
