"""An installation without the packages under the GPL works, and says what it cannot do."""

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from pages import drawn, file_of
from servers import PERCEPT, Server, environment, start, stop

from api.config import ROOT

pytestmark = pytest.mark.slow
MODULES = ["av", "espeakng_loader", "pillow_heif", "piper", "tesserocr"]
# Every Python that finds this file imports it at its start: child processes too.
SITECUSTOMIZE = f"""
from importlib.machinery import PathFinder
find = PathFinder.find_spec
def find_others(name, path=None, target=None):
    return None if name.partition(".")[0] in {MODULES} else find(name, path, target)
PathFinder.find_spec = find_others
"""
Ask = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("without")
    (folder / "sitecustomize.py").write_text(SITECUSTOMIZE)
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    """A server that offers everything, where the packages cannot be imported."""
    running = start(folder, PYTHONPATH=str(folder), PERCEPT_WORKERS="1")
    yield running
    stop(running)


@pytest.fixture(scope="module")
def ask(server: Server) -> Ask:
    """Posts a file as somebody who is signed in."""
    headers = server.bearer("ada@example.com")

    def post(path: str, content: bytes, kind: str) -> httpx.Response:
        about = headers | {"Content-Type": kind}
        return server.post(f"/api/v1/{path}", content=content, headers=about)

    return post


def test_it_is_ready_for_what_it_can_do(server: Server) -> None:
    """Speech is not among the services that are ready."""
    services = server.get("/health/ready").json()["services"]
    assert {"tts", "stt"}.isdisjoint(services)
    assert {"classify", "ocr"} <= {*services}


def test_pictures_are_classified_and_read(ask: Ask) -> None:
    """That needs none of the packages."""
    picture = file_of(drawn(["Good morning"], (420, 120)))
    assert ask("classify", picture, "image/png").status_code == 200
    answer = ask("ocr", picture, "image/png")
    assert (answer.status_code, "morning" in answer.text.lower()) == (200, True)


@pytest.mark.parametrize(
    ("path", "content", "kind", "code"),
    [
        ("tts", b'{"text": "Hello."}', "application/json", "engine_not_installed"),
        ("stt", b"RIFF0000WAVEfmt ", "audio/wav", "engine_not_installed"),
        ("classify", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "image/heic", "decoder_not_installed"),
        ("ocr?engine=tesseract", b"picture", "image/png", "engine_not_installed"),
    ],
)
def test_what_it_cannot_do_is_said(
    ask: Ask, path: str, content: bytes, kind: str, code: str
) -> None:
    """A 422 whose code tells that a part is not installed."""
    if content == b"picture":
        content = file_of(drawn(["Good morning"], (420, 120)))
    answer = ask(path, content, kind)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_the_list_of_models_says_it(server: Server) -> None:
    """Each names the packages that it lacks."""
    headers = server.bearer("ada@example.com")
    answer = server.get("/api/v1/models", params={"task": "tts"}, headers=headers).json()
    espeak = next(item for item in answer["items"] if item["name"] == "espeak")
    assert (espeak["installed"], espeak["missing_packages"]) == (False, ["espeakng_loader"])


def test_doctor_says_it(folder: Path) -> None:
    """It is not a fault, and the cure is named."""
    settings = environment(folder / "doctor", PYTHONPATH=str(folder))
    (folder / "doctor").mkdir()
    subprocess.run([PERCEPT, "setup"], env=settings, check=True, cwd=folder)
    done = subprocess.run(
        [PERCEPT, "doctor"], env=settings, cwd=folder, capture_output=True, text=True, check=False
    )
    assert "left out: espeak (needs espeakng_loader)" in done.stdout
    assert done.returncode == 0, done.stdout


def test_notice_and_the_ways_to_leave_them_out_name_the_same() -> None:
    """`make setup GPL=off`, the Dockerfile and the first list of NOTICE agree."""
    listed = (ROOT / "NOTICE").read_text().partition("Lesser General")[0].partition("in it\n")[2]
    named = re.findall(r"^  (\S+)  ", listed, re.MULTILINE)
    makefile = re.search(r"^GPL_PACKAGES = (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert makefile
    assert makefile[1].split() == sorted(named)
    assert makefile[1] in (ROOT / "Dockerfile").read_text()
