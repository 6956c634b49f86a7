"""Conversion with the real TensorFlow: published and users' models, and what is refused."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from api.enginekit.catalogue import make_entry
from api.enginekit.installation import in_child
from api.enginekit.manifest import read_manifest, write_manifest
from api.enginekit.store import ModelStore
from api.errors import Unusable
from api.services.classify.engines.conversion import kind_of

CONVERT = in_child("api.services.classify.engines.conversion")
LABELS = "rose\ntulip\nlily\n"
# Runs once, in a child of its own: TensorFlow must not be imported by the tests' process.
MAKE = Path(__file__).parents[3] / "support" / "make_models.py"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with models of many kinds, and what is said of those that are refused."""
    folder = tmp_path_factory.mktemp("made")
    subprocess.run([sys.executable, MAKE], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    (tmp_path / "labels.txt").write_text(LABELS)
    return ModelStore(tmp_path / "models", converters={"classify": CONVERT})


def add(store: ModelStore, model: Path, size: int = 16) -> Path:
    fields = {"task": "classify", "input": {"size": size, "resize": size}}
    return store.add(make_entry("own", fields), model, store.folder.parent / "labels.txt")


def answers(home: Path, pictures: Any) -> Any:
    network = Interpreter(str(home / "model.tflite"), num_threads=1)
    network.allocate_tensors()
    network.set_tensor(network.get_input_details()[0]["index"], pictures)
    network.invoke()
    return network.get_tensor(network.get_output_details()[0]["index"])


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        ([[0.2, 0.8], [1, 0]], "probabilities"),
        ([[0.2, 0.9], [1, 0]], "logits"),
        ([[-0.2, 1.2], [1, 0]], "logits"),
    ],
)
def test_the_kind_of_output_is_told_from_answers(rows: list[list[float]], kind: str) -> None:
    """Only rows that are not negative and sum to 1 are probabilities."""
    assert kind_of(np.array(rows, np.float32)) == kind


def test_only_known_architectures_are_built(tmp_path: Path) -> None:
    """A catalogue cannot make the converter call anything else of Keras."""
    folder = tmp_path / "m"
    folder.mkdir()
    fields = {
        "task": "classify",
        "architecture": "imagenet_utils",
        "input": {"size": 8, "resize": 8},
    }
    write_manifest(folder, make_entry("m", fields))
    with pytest.raises(Unusable, match="not a known architecture"):
        CONVERT(folder)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mobilenet_v3_large", "efficientnet_v2_b0"])
def test_the_other_architectures_convert(
    store: ModelStore, made: Path, tmp_path: Path, name: str
) -> None:
    """With random weights in place of the published ones, which cannot be had everywhere."""
    architecture = store.entry(name).architecture
    folder = tmp_path / name
    folder.mkdir()
    shutil.copy(made / f"{architecture}.weights.h5", folder)
    (folder / "imagenet_class_index.json").write_text("\n".join(f"c{n}" for n in range(1000)))
    write_manifest(folder, store.entry(name))
    CONVERT(folder)
    entry = read_manifest(folder).entry
    assert entry.engines == {"litert": "model.tflite", "tensorflow": "saved_model"}
    assert entry.output == "probabilities"


@pytest.mark.slow
def test_a_users_keras_model_of_any_picture_size(store: ModelStore, made: Path) -> None:
    """It is fixed to the size that was said, and its logits are recognised."""
    home = add(store, made / "any_size.keras", 24)
    assert store.entry("own").output == "logits"
    assert answers(home, np.zeros((1, 24, 24, 3), np.float32)).shape == (1, 3)


@pytest.mark.slow
def test_a_users_saved_model(store: ModelStore, made: Path) -> None:
    """A SavedModel is converted and kept for TensorFlow."""
    home = add(store, made / "saved")
    assert store.entry("own").engines == {"litert": "model.tflite", "tensorflow": "saved_model"}
    assert store.entry("own").output == "probabilities"
    assert answers(home, np.ones((1, 16, 16, 3), np.float32)).sum() == pytest.approx(1, abs=1e-4)


@pytest.mark.slow
def test_a_users_tflite_model(store: ModelStore, made: Path, tmp_path: Path) -> None:
    """It is taken as it is, for LiteRT only."""
    home = add(store, made / "m.tflite")
    assert store.entry("own").engines == {"litert": "model.tflite"}
    assert (home / "model.tflite").read_bytes() == (made / "m.tflite").read_bytes()
    store.remove("own")
    with pytest.raises(Unusable, match="16x16, not 32x32"):
        add(store, made / "m.tflite", 32)
    (tmp_path / "labels.txt").write_text("rose\ntulip\n")
    with pytest.raises(Unusable, match="3 outputs for 2 labels"):
        add(store, made / "m.tflite")


@pytest.mark.parametrize("name", ["m.tflite", pytest.param("m.keras", marks=pytest.mark.slow)])
def test_garbage_is_refused(store: ModelStore, tmp_path: Path, name: str) -> None:
    """A file that only has the right name is refused in one line."""
    (tmp_path / name).write_text("garbage")
    with pytest.raises(Unusable, match="Cannot convert own") as caught:
        add(store, tmp_path / name)
    assert "\n" not in str(caught.value)
    assert store.installed("own") is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "model", "scale", "tolerance"),
    [
        ("trained", "trained", "0..255", 1e-5),
        ("signatures", "trained", "0..255", 1e-5),
        ("channels_first", "channels_first", "0..1", 1e-5),
        ("mixed", "mixed", "0..1", 1e-3),  # the wanted answers are of half precision
    ],
)
def test_models_as_they_were_trained(
    made: Path, name: str, model: str, scale: str, tolerance: float
) -> None:
    """Augmentation, whole numbers, mixed precision, other orders of channels and a SavedModel with
    several signatures: LiteRT answers as Keras does when it predicts."""
    home = made / "converted" / scale / name
    assert (home / "said.txt").read_text() == ""
    pictures = np.load(made / "pictures.npy") / (255 if scale == "0..1" else 1)
    found = [answers(home, picture[None].astype(np.float32)) for picture in pictures]
    assert np.abs(np.concatenate(found) - np.load(made / f"{model}.npy")).max() < tolerance
    assert read_manifest(home).entry.output == "probabilities"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "scale", "said"),
    [
        ("lambda", "-1..1", "ambda"),
        ("two_inputs", "-1..1", "one input"),
        ("two_outputs", "-1..1", "one output"),
        ("own_layer", "-1..1", "error: Could not locate class 'Own'"),
        ("at_random", "0..255", "at random, as in training; add its .keras file"),
        ("trained", "-1..1", "whole numbers, so its scale is 0..255, not -1..1"),
    ],
)
def test_what_is_no_image_classifier(made: Path, name: str, scale: str, said: str) -> None:
    """Code in a model, other shapes and what cannot be meant are refused in one line."""
    (line,) = (made / "converted" / scale / name / "said.txt").read_text().split("\n")[-2:-1]
    assert line.startswith("error: ")
    assert said in line
