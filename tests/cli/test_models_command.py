"""percept models: what people type, see and get back."""

import importlib
import socket
from collections.abc import Callable
from pathlib import Path

import click.testing
import pytest

from api.enginekit.catalogue import make_entry
from api.enginekit.store import ModelStore

# Not `from api.cli import models`: that is the command, which hides its module there.
command = importlib.import_module("api.cli.models")
Run = Callable[..., click.testing.Result]
CATALOGUE = """
[words]
task = "ocr"
title = "Words"
licence = "Apache-2.0"
files = [{ name = "eng.dat", path = "eng.dat", bytes = 3 }]
"""


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "catalog.toml").write_text(CATALOGUE)
    (tmp_path / "mirror" / "eng.dat").write_bytes(b"abc")
    return tmp_path / "mirror"


@pytest.fixture
def percept(tmp_path: Path, mirror: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `percept models ...` on an empty data folder and the mirror."""
    monkeypatch.setenv("PERCEPT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PERCEPT_MODELS_MIRROR", str(mirror))

    def run(*words: str) -> click.testing.Result:
        return click.testing.CliRunner().invoke(command.models, words)

    return run


def refused(result: click.testing.Result, said: str) -> bool:
    """Whether it ended with status 1 and one line on stderr that says this."""
    assert result.stdout == ""
    return result.exit_code == 1 and said in result.stderr and result.stderr.count("\n") == 1


def test_list_shows_catalogue_and_mirror(percept: Run) -> None:
    """One row for each model, with task, size and licence."""
    lines = percept("list").stdout.splitlines()
    row = next(line.split() for line in lines if "words" in line)
    assert row == ["words", "ocr", "no", "0.0", "MB", "Apache-2.0"]
    assert any("mobilenet_v2" in line and "71.3 % top-1" in line for line in lines)


def test_list_goes_on_without_an_unreachable_mirror(
    percept: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is known here is shown, and the missing mirror is said on stderr."""
    monkeypatch.setenv("PERCEPT_MODELS_MIRROR", "http://127.0.0.1:1")
    result = percept("list")
    assert result.exit_code == 0
    assert "mobilenet_v2" in result.stdout
    assert "The mirror's models are missing" in result.stderr


def test_pull_verify_default_remove(percept: Run, tmp_path: Path) -> None:
    """The life of a model, from the mirror to nothing left."""
    assert "words is installed" in percept("pull", "words").stdout
    assert "already installed" in percept("pull", "words").stdout
    assert percept("pull", "--if-missing", "words").output == ""
    assert "words: OK" in percept("verify").stdout
    assert percept("default", "ocr", "words").exit_code == 0
    assert "yes        yes" in percept("list").stdout
    (tmp_path / "data" / "models" / "words" / "eng.dat").write_bytes(b"xyz")
    damaged = percept("verify", "words")
    assert damaged.exit_code == 1
    assert "eng.dat is not the file" in damaged.stdout
    assert percept("remove", "words").exit_code == 0
    assert not (tmp_path / "data" / "models" / "words").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("pull", "nope"), "no model named nope"),
        (("remove", "everyday_10"), "part of the server"),
        (("verify", "words"), "no model named words"),
        (("default", "classify", "mobilenet_v2"), "not installed"),
        (("pull", "mobilnet_v2"), "no model named mobilnet_v2; did you mean mobilenet_v2?"),
        (("pull", "wrods"), "no model named wrods; did you mean words?"),  # the mirror's
        (("default", "clasify", "everyday_10"), "for clasify; did you mean classify?"),
    ],
)
def test_errors_are_one_line(percept: Run, words: tuple[str, ...], said: str) -> None:
    """Status 1 and one line on stderr, never a traceback."""
    assert refused(percept(*words), said)


def test_a_damaged_file_is_one_line(percept: Run, mirror: Path) -> None:
    """So is a file that is not what the catalogue says."""
    (mirror / "eng.dat").write_bytes(b"abcd")
    assert refused(percept("pull", "words"), "eng.dat has 4 bytes, not 3")


def test_quickly_goes_on_without(percept: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `make run` calls: one plain line, status 0, and soon, when nobody answers."""
    monkeypatch.setattr(command, "QUICK_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        monkeypatch.setenv("PERCEPT_MODELS_MIRROR", f"http://127.0.0.1:{mute.getsockname()[1]}")
        result = percept("pull", "--if-missing", "--quickly", "mobilenet_v2")
    assert result.exit_code == 0
    assert result.output.startswith("mobilenet_v2 could not be pulled in 0.3 s (")
    assert result.output.endswith("later: .venv/bin/percept models pull mobilenet_v2\n")
    assert result.output.count("\n") == 1


def test_quickly_pulls_what_is_within_reach(percept: Run) -> None:
    """A folder mirror is within reach."""
    assert "words is installed" in percept("pull", "--if-missing", "--quickly", "words").stdout


def test_add_passes_on_what_was_said(
    percept: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The options become the entry: size, scale, title and licence."""
    given: dict[str, object] = {}

    def add(self: ModelStore, entry: object, model: Path, labels: Path, report: object) -> None:
        given.update(entry=entry, model=model, labels=labels)

    monkeypatch.setattr(ModelStore, "add", add)
    (tmp_path / "m.tflite").write_bytes(b"x")
    (tmp_path / "l.txt").write_text("a\nb")
    result = percept(
        "add", "own", str(tmp_path / "m.tflite"), "--labels", str(tmp_path / "l.txt"),
        "--size", "96", "--scale", "0..1", "--title", "Mine", "--licence", "MIT",
    )  # fmt: skip
    assert result.exit_code == 0
    entry = make_entry(
        "own",
        {
            "task": "classify",
            "title": "Mine",
            "licence": "MIT",
            "input": {"size": 96, "resize": 96, "scale": "0..1"},
        },
    )
    assert given == {"entry": entry, "model": tmp_path / "m.tflite", "labels": tmp_path / "l.txt"}


@pytest.mark.parametrize(
    ("name", "size", "said"), [("../own", "96", "name"), ("own", "0", "size"), ("own", "96", ".h5")]
)
def test_add_refuses(percept: Run, tmp_path: Path, name: str, size: str, said: str) -> None:
    """Hostile names, impossible sizes and whole .h5 models: one line."""
    (tmp_path / "m.h5").write_bytes(b"x")
    (tmp_path / "l.txt").write_text("a\nb")
    words = ("--labels", str(tmp_path / "l.txt"), "--size", size)
    assert refused(percept("add", name, str(tmp_path / "m.h5"), *words), said)
