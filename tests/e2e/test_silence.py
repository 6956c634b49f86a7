"""Percept calls nobody by itself, and writes nothing but its data: everything runs under strace.

That holds for its libraries too: one that sends usage data, or keeps a cache in the home folder, is
found here.
"""

import io
import json
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import httpx
import psutil
import pytest
import tiny_whisper
from backends import RedisServer, running
from pages import drawn, file_of
from servers import PERCEPT, READY_SECONDS, free_port
from tracing import Traced

pytestmark = pytest.mark.slow
PULLED = ("tessdata", "piper_test_voice", "whisper_tiny")
# A network without weights, as Keras saves one. How likely a class is tells the mean of its colour.
LAYERS = {
    "InputLayer": {"batch_shape": [None, 16, 16, 3]},
    "GlobalAveragePooling2D": {},
    "Softmax": {},
}
# Where wheels keep libraries under the GPL, or what needs them; see NOTICE.
GPL = {"av", "av.libs", "espeakng_loader", "pillow_heif.libs", "piper"}
SOON = {"Prefer": "respond-async"}


@pytest.fixture(scope="module")
def libraries() -> set[str]:
    """The native libraries that the server and the worker had loaded at last, without guests."""
    return set()


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory, shared: Path, libraries: set[str]) -> Traced:
    """Each command in turn; then a server and a worker with which every engine has worked."""
    traced = Traced(tmp_path_factory.mktemp("silence"))
    mirror = {"PERCEPT_MODELS_MIRROR": str(make_mirror(traced.folder / "mirror", shared))}
    traced.run(PERCEPT, "setup")
    traced.run(PERCEPT, "models", "pull", "--if-missing", "--quickly", *PULLED, **mirror)
    add_keras_model(traced)
    traced.run(PERCEPT, "doctor", PERCEPT_SERVICES="accounts,history,jobs,ocr")
    with running(RedisServer) as redis:
        settings = {"REDIS_URL": redis.url, "PERCEPT_CLASSIFY_ENGINE": "tensorflow"}
        with serving(traced, **settings) as client, working(traced, **settings) as metrics:
            use_everything(client)
            assert "percept_jobs" in httpx.get(metrics).text
            libraries |= loaded_by(traced)
    return traced


def loaded_by(traced: Traced) -> set[str]:
    """The libraries in memory of `percept` processes, which guests and what forks them are not."""
    found: set[str] = set()
    for process in psutil.process_iter(["cmdline", "environ"]):
        ours = (process.info["environ"] or {}).get("HOME") == str(traced.home)
        line = " ".join(process.info["cmdline"] or [])
        if ours and "multiprocessing" not in line and "strace" not in line:
            found |= {region.path for region in process.memory_maps()}
    return found


def make_mirror(folder: Path, shared: Path) -> Path:
    """A mirror with a model for each engine that has no embedded one."""
    (folder / "whisper_tiny").mkdir(parents=True)
    tiny_whisper.make(folder / "whisper_tiny")
    catalogue = (shared / "models" / "catalog.toml").read_text()
    files = ", ".join(f'{{ name = "{file.name}" }}' for file in (folder / "whisper_tiny").iterdir())
    (folder / "catalog.toml").write_text(f"{catalogue}\n[whisper_tiny]\nfiles = [{files}]\n")
    for name in ("tessdata", "piper_test_voice"):
        (folder / name).symlink_to(shared / "models" / name)
    return folder


def add_keras_model(traced: Traced) -> None:
    layers = [_keras("keras.layers", name, config) for name, config in LAYERS.items()]
    model, labels = (traced.folder / name for name in ("colours.keras", "labels.txt"))
    labels.write_text("red\ngreen\nblue\n")
    with zipfile.ZipFile(model, "w") as file:
        file.writestr("metadata.json", json.dumps({"keras_version": "3.12.0"}))
        file.writestr(
            "config.json",
            json.dumps(_keras("keras", "Sequential", {"name": "colours", "layers": layers})),
        )
        with h5py.File(weights := io.BytesIO(), "w"):
            pass
        file.writestr("model.weights.h5", weights.getvalue())
    about = ("--labels", labels, "--size", "16")
    traced.run(PERCEPT, "models", "add", "colours", model, *about)


def _keras(module: str, name: str, config: dict[str, Any]) -> dict[str, Any]:
    return {"module": module, "class_name": name, "config": config, "registered_name": None}


@contextmanager
def serving(traced: Traced, **settings: str) -> Iterator[httpx.Client]:
    """A client, signed in, of a server with one worker process."""
    port = free_port()
    one = ("--port", str(port), "--workers", "1")
    with (
        traced.started(PERCEPT, "serve", *one, **settings) as server,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client,
    ):
        wait_for_server(client, server, traced)
        body = {"email": "ada@example.com", "password": "ten thousand small lamps"}
        client.post("/api/v1/auth/register", json=body).raise_for_status()
        token = client.post("/api/v1/auth/login", json=body).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


@contextmanager
def working(traced: Traced, **settings: str) -> Iterator[str]:
    """The address of the metrics of `percept worker`."""
    port = str(free_port())
    with traced.started(PERCEPT, "worker", "--port", port, HOST="0.0.0.0", **settings):
        yield f"http://127.0.0.1:{port}/metrics"


def wait_for_server(client: httpx.Client, server: Any, traced: Traced) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            if client.get("/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail(traced.log())


def use_everything(client: httpx.Client) -> None:
    """Each engine answers; one job of each service goes to the worker."""
    picture = file_of(drawn(["Good morning"], (420, 120)))
    for model in ("everyday_10", "colours"):
        ask(client, "classify", picture, "image/png", model=model)
    for engine in ("rapidocr", "tesseract"):
        ask(client, "ocr", picture, "image/png", engine=engine)
    spoken = say(client, "Good morning.", "espeak")
    for form in ("mp3", "opus", "flac", "aac"):
        say(client, "Good morning.", "espeak", format=form)
    say(client, "Good morning.", "piper_test_voice", voice="piper_test_voice")
    for model in ("moonshine", "whisper_tiny"):
        ask(client, "stt", spoken, "audio/wav", model=model)
    for place in jobs(client, picture, spoken):
        wait_for_job(client, place)
    assert client.get("/metrics").status_code == client.get("/docs").status_code == 200


def ask(client: httpx.Client, service: str, file: bytes, kind: str, **options: str) -> None:
    headers = {"Content-Type": kind}
    path = f"/api/v1/{service}"
    answer = client.post(path, content=file, headers=headers, params=options)
    assert answer.status_code == 200, answer.text


def say(client: httpx.Client, text: str, model: str, **options: str) -> bytes:
    answer = client.post("/api/v1/tts", json={"text": text, **options})
    assert answer.status_code == 200, answer.text
    entry = client.get(answer.headers["Content-Location"]).json()
    assert entry["model"] == model
    return answer.content


def jobs(client: httpx.Client, picture: bytes, sound: bytes) -> Iterator[str]:
    """The place of a job of each service."""
    inputs = {
        "classify": {"content": picture, "headers": {"Content-Type": "image/png"}},
        "ocr": {"content": picture, "headers": {"Content-Type": "image/png"}},
        "stt": {"content": sound, "headers": {"Content-Type": "audio/wav"}},
        "tts": {"json": {"text": "Good morning."}, "headers": {}},
    }
    for service, more in inputs.items():
        more["headers"] |= SOON
        answer = client.post(f"/api/v1/{service}", **more)
        assert answer.status_code == 202, answer.text
        yield answer.headers["Location"]


def wait_for_job(client: httpx.Client, place: str) -> None:
    until = time.monotonic() + READY_SECONDS
    while (job := client.get(place).json())["status"] in ("queued", "running"):
        assert time.monotonic() < until, job
        time.sleep(0.1)
    assert job["status"] == "succeeded", job


def test_nobody_is_called(traced: Traced) -> None:
    """No name is looked up, and no connection leaves the machine."""
    assert traced.calls_out() == []


def test_nothing_is_written_elsewhere(traced: Traced) -> None:
    """Files are made in the data folder and the folder for temporary files, and nowhere else."""
    assert traced.strays() == []
    assert list(traced.home.rglob("*")) == []
    assert list(traced.temporary.rglob("*")) == []


def test_gpl_code_runs_apart(traced: Traced, libraries: set[str]) -> None:
    """No process but the guests has loaded a library under the GPL."""
    assert any("onnxruntime" in path for path in libraries), traced.log()
    assert [path for path in libraries if GPL & {*Path(path).parts}] == []


def test_the_watch_sees_what_it_is_for(tmp_path: Path) -> None:
    """A look-up, a connection and a file in the home folder are found."""
    traced = Traced(tmp_path)
    lookup = "import socket\ntry: socket.getaddrinfo('percept.invalid', 80)\nexcept OSError: pass\n"
    connection = "socket.socket(type=socket.SOCK_DGRAM).connect(('192.0.2.1', 9))\n"
    file = "import pathlib; (pathlib.Path.home() / 'id').mkdir()\n"
    traced.run(sys.executable, "-c", lookup + connection + file)
    calls = "\n".join(traced.calls_out())
    assert "resolv.conf" in calls
    assert "192.0.2.1" in calls
    assert traced.strays() == [str(traced.home / "id")]
