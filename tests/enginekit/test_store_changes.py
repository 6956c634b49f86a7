"""The store: choosing, removing, checking and adding models."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from api.enginekit.catalogue import make_entry
from api.enginekit.installation import in_child
from api.enginekit.manifest import read_manifest
from api.enginekit.store import ModelStore
from api.errors import Conflict, NotFound, Unusable

OWN = make_entry("own", {"task": "classify", "input": {"size": 8, "resize": 8}})


@pytest.fixture
def own(tmp_path: Path) -> tuple[Path, Path]:
    """A user's model and its labels."""
    (tmp_path / "own.tflite").write_bytes(b"mine")
    (tmp_path / "own.txt").write_text("rose\ntulip\n")
    return tmp_path / "own.tflite", tmp_path / "own.txt"


def visible(store: ModelStore) -> list[str]:
    return sorted(p.name for p in store.folder.glob("[!.]*"))


def test_the_default_can_be_chosen_and_falls_back(store: ModelStore) -> None:
    """The choice wins over ranks while it is installed, and is forgotten when it is removed."""
    store.pull("big")
    store.set_default("classify", "small")
    assert store.default("classify") == "small"
    store.set_default("classify", "big")
    store.remove("big")
    assert store.default("classify") == "small"
    assert json.loads((store.folder / "defaults.json").read_text()) == {}


@pytest.mark.parametrize(
    ("task", "name"), [("classify", "big"), ("ocr", "small"), ("classify", "x")]
)
def test_what_cannot_be_the_default(store: ModelStore, task: str, name: str) -> None:
    """A model that is not installed, not for the task or not known."""
    with pytest.raises(NotFound):
        store.set_default(task, name)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"classify": "../x"}', '{"classify": "gone"}'])
def test_a_broken_choice_is_ignored(store: ModelStore, content: str) -> None:
    """A damaged defaults.json does not stop the server."""
    store.folder.mkdir()
    (store.folder / "defaults.json").write_text(content)
    assert store.default("classify") == "small"


def test_remove(store: ModelStore) -> None:
    """A pulled model goes away whole; the embedded one and unknown ones are refused."""
    store.pull("big")
    store.remove("big")
    assert store.installed("big") is None
    assert not (store.folder / "big").exists()
    for name, error in (("small", Conflict), ("big", NotFound), ("x", NotFound), ("..", NotFound)):
        with pytest.raises(error):
            store.remove(name)


def test_verify_finds_what_changed(store: ModelStore) -> None:
    """A changed, a missing and an unpublished-hash file are all held against the manifest."""
    home = store.pull("big")
    (home / "labels.txt").write_text("cat\nfox\n")
    (home / "model.tflite").unlink()
    problems = " ".join(store.verify("big"))
    assert "labels.txt" in problems
    assert "model.tflite" in problems
    assert "w.h5" not in problems
    with pytest.raises(NotFound):
        store.verify("words")


@pytest.mark.parametrize("content", ["", "{}", '{"entry": {"name": "../x", "task": "a"}}'])
def test_a_broken_manifest_hides_only_its_model(store: ModelStore, content: str) -> None:
    """The others go on, verify says what is wrong, and a new pull mends it."""
    (store.folder / "big").mkdir(parents=True)
    (store.folder / "big" / "model.json").write_text(content)
    assert store.installed("big") is None
    assert store.default("classify") == "small"
    assert "manifest" in store.verify("big")[0]
    store.pull("big")
    assert store.verify("big") == []


def test_add_a_users_own_model(store: ModelStore, own: tuple[Path, Path]) -> None:
    """It is copied, its labels are brought to one form, and it never becomes default by itself."""
    home = store.add(replace(OWN, rank=99, embedded=True), *own)
    assert home == store.installed("own")
    entry = store.entry("own")
    assert (entry.rank, entry.embedded, entry.languages) == (0, False, ("en",))
    assert json.loads((home / entry.labels).read_text())[0]["en"] == "rose"
    assert store.default("classify") == "small"
    store.set_default("classify", "own")
    assert store.default("classify") == "own"
    with pytest.raises(Conflict):
        store.add(OWN, *own)


def test_add_a_saved_model_that_is_read_only(store: ModelStore, own: tuple[Path, Path]) -> None:
    """The copy can be removed again although the original cannot be written."""
    saved = own[0].parent / "saved"
    (saved / "variables").mkdir(parents=True)
    (saved / "saved_model.pb").write_bytes(b"graph")
    (saved / "variables" / "v").write_bytes(b"values")
    (saved / "variables").chmod(0o555)
    home = store.add(OWN, saved, own[1])
    assert "saved_model/variables/v" in read_manifest(home).contents
    assert (home / "saved_model" / "variables").stat().st_mode & 0o200
    store.remove("own")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("m.h5", "any code"),
        ("m.HDF5", "any code"),
        ("m.onnx", "must be a .keras file"),
        ("gone", "not exist"),
    ],
)
def test_models_that_are_refused(
    store: ModelStore, own: tuple[Path, Path], name: str, said: str
) -> None:
    """Whole .h5 models, unknown forms and missing files: refused with the reason, nothing left."""
    model = own[0].parent / name
    if name != "gone":
        model.write_bytes(b"x")
    with pytest.raises((Unusable, NotFound), match=said):
        store.add(OWN, model, own[1])
    assert visible(store) == []
    assert not list((store.folder / ".partial").iterdir())


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("sys.stderr.write('noise\\nerror: it has no input\\n'); sys.exit(1)", "it has no input"),
        ("import os; os.kill(os.getpid(), 9)", "enough memory"),
    ],
)
def test_a_child_that_fails_leaves_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, said: str
) -> None:
    """What the child says is passed on; a child that was killed is explained."""
    (tmp_path / "failing.py").write_text(f"import sys\n{code}\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(Unusable, match=said) as caught:
        in_child("failing")(tmp_path / "big")
    assert str(caught.value).startswith("Cannot convert big")
