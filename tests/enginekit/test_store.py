"""The store: what is here, and pulling models; with files, servers and processes that are real."""

import hashlib
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.enginekit.manifest import read_manifest
from api.enginekit.store import ModelStore
from api.errors import NotFound, NotReady, Unusable

Web = Callable[..., Any]


def visible(store: ModelStore) -> list[str]:
    return sorted(p.name for p in store.folder.glob("[!.]*"))


def test_an_empty_machine(store: ModelStore) -> None:
    """With nothing pulled the embedded model is there, usable and the default."""
    assert [entry.name for entry in store.entries()] == ["big", "small", "words"]
    assert [entry.name for entry in store.entries("ocr")] == ["words"]
    assert store.installed("small") == store.builtin / "small"
    assert store.installed("big") is None
    assert store.default("classify") == "small"
    assert store.default("ocr") is None
    assert (store.size("small"), store.size("words"), store.size("big")) == (4, 3, 0)
    assert store.verify("small") == []


def test_pull_installs_everything_the_engines_need(store: ModelStore, weights: bytes) -> None:
    """The folder appears with files, converted model and a manifest of pins; nothing else stays."""
    seen: set[str] = set()
    home = store.pull("big", lambda what, _done, _total: seen.add(what))
    assert home == store.installed("big") == store.folder / "big"
    assert seen == {"w.h5", "labels.txt", "converting"}
    manifest = read_manifest(home)
    assert manifest.entry.engines == {"litert": "model.tflite"}
    assert store.entry("big").output == "logits"
    assert set(manifest.contents) == {"w.h5", "labels.txt", "model.tflite"}
    assert manifest.contents["w.h5"].sha256 == hashlib.sha256(weights).hexdigest()
    assert store.default("classify") == "big"
    assert store.verify("big") == []
    assert visible(store) == ["big"]
    assert not list((store.folder / ".partial").iterdir())


def test_pull_over_http(store: ModelStore, mirror: Path, web: Web) -> None:
    """A mirror without a catalogue is asked for model/file; a second pull asks nobody."""
    server = web(mirror)
    store.mirror = server.url
    store.pull("big")
    asked = [path for path, _range in server.asked]
    assert asked == ["/catalog.toml", "/big/w.h5", "/big/labels.txt"]
    store.pull("big")
    assert len(server.asked) == 3


def test_the_mirrors_catalogue_is_read_on_demand_only(store: ModelStore, mirror: Path) -> None:
    """Plain reading, as the server does it, never touches the mirror."""
    (mirror / "catalog.toml").write_text(
        '[extra]\ntask = "tts"\nfiles = [{ name = "v", path = "x" }]'
    )
    (mirror / "x").write_text("voice")
    assert "extra" not in {entry.name for entry in store.entries()}
    store.read_mirror()
    assert "extra" in {entry.name for entry in store.entries()}
    assert (store.pull("extra") / "v").read_text() == "voice"


@pytest.mark.parametrize("text", ["[", '["../x"]\ntask = "ocr"', "[x]\ntask = 1"])
def test_a_broken_mirror_changes_nothing(store: ModelStore, mirror: Path, text: str) -> None:
    """A broken or hostile catalogue is refused whole, and the built-in one goes on."""
    (mirror / "catalog.toml").write_text(text)
    with pytest.raises(Unusable):
        store.pull("big")
    assert [entry.name for entry in store.entries()] == ["big", "small", "words"]


def test_a_failed_conversion_shows_nothing_and_keeps_the_download(
    store: ModelStore, mirror: Path, web: Web, converter: Callable[[Path], None]
) -> None:
    """No half model appears, leftovers are swept, and the next pull downloads nothing again."""

    def broken(folder: Path) -> None:
        (folder / "model.tflite").write_bytes(b"half")
        raise Unusable("no")

    server = web(mirror)
    store.mirror, store.converters = server.url, {"classify": broken}
    with pytest.raises(Unusable):
        store.pull("big")
    assert store.installed("big") is None
    assert visible(store) == []
    store.converters = {"classify": converter}
    assert (store.pull("big") / "model.tflite").read_bytes() == b"converted"
    assert [path for path, _ in server.asked].count("/big/w.h5") == 1


def test_wrong_bytes_are_not_installed(store: ModelStore, mirror: Path, weights: bytes) -> None:
    """A changed file is refused and said so; once it is right, the pull goes through."""
    (mirror / "big" / "w.h5").write_bytes(weights[:-1] + b"!")
    with pytest.raises(Unusable, match="deleted"):
        store.pull("big")
    assert store.installed("big") is None
    (mirror / "big" / "w.h5").write_bytes(weights)
    store.pull("big")


@pytest.mark.parametrize(
    ("name", "error"),
    [("nope", NotFound), ("../x", NotFound), ("", NotFound), ("words", NotReady)],
)
def test_what_cannot_be_pulled(store: ModelStore, name: str, error: type[Exception]) -> None:
    """Unknown and hostile names are not found, an address nobody answers is not reached."""
    store.mirror = ""
    with pytest.raises(error) as caught:
        store.pull(name)
    assert "\n" not in str(caught.value)


def test_a_deadline_bounds_the_wait_for_a_silent_mirror(store: ModelStore) -> None:
    """The server that starts in a hurry goes on."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        store.mirror = f"http://127.0.0.1:{mute.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(NotReady) as caught:
            store.pull("big", deadline_s=0.3)
    assert time.monotonic() - began < 2
    assert caught.value.code == "model_unreachable"


PULLER = """
import sys, time
from pathlib import Path
from api.enginekit.store import ModelStore
root = Path(sys.argv[1])
def convert(folder):
    time.sleep(0.3)
    with (root / "conversions").open("a") as log:
        log.write("x")
store = ModelStore(root / "models", root / "builtin", str(root / "mirror"), {"classify": convert})
store.pull("big")
assert store.verify("big") == []
"""


def test_many_processes_pull_once(store: ModelStore, tmp_path: Path) -> None:
    """Four processes at once: all succeed, one converts, one model appears."""
    command = [sys.executable, "-c", PULLER, str(tmp_path)]
    running = [subprocess.Popen(command, cwd=Path(__file__).parents[2]) for _ in range(4)]
    assert [process.wait(60) for process in running] == [0, 0, 0, 0]
    assert (tmp_path / "conversions").read_text() == "x"
    assert store.verify("big") == []


def test_a_full_disk_is_one_line(store: ModelStore) -> None:
    """Writing that the system refuses is an error that names the model, and shows nothing."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(NotReady, match="Cannot store big") as caught:
            store.pull("big")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert caught.value.code == "model_not_stored"
    assert visible(store) == []


def test_a_folder_that_cannot_be_made_is_one_line(store: ModelStore) -> None:
    """So is a models folder that is no folder; reading goes on."""
    store.folder.write_text("a file")
    with pytest.raises(NotReady, match="Cannot store"):
        store.pull("big")
    assert store.default("classify") == "small"
