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
MAKE = """
import keras, numpy as np, tensorflow as tf
def network(activation="softmax", side=16, layer=None):
    keras.utils.set_random_seed(1)
    picture = x = keras.Input((side, side, 3))
    x = keras.layers.Conv2D(4, 3, activation="relu")(x)
    x = layer(x) if layer else x
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(picture, keras.layers.Dense(3, activation=activation)(x))
network(activation=None, side=None).save("any_size.keras")
network(layer=keras.layers.Lambda(lambda x: x * 2)).save("lambda.keras")
a, b = keras.Input((16, 16, 3)), keras.Input((16, 16, 3))
keras.Model([a, b], network()(a + b)).save("two_inputs.keras")
n = network(); keras.Model(n.input, [n.output, n.output * 2]).save("two_outputs.keras")
network().export("saved", verbose=False)
open("m.tflite", "wb").write(tf.lite.TFLiteConverter.from_saved_model("saved").convert())
for architecture in ("MobileNetV3Large", "EfficientNetV2B0"):
    random = getattr(keras.applications, architecture)(weights=None)
    random.save_weights(f"{architecture}.weights.h5")

# What the converter says of these; each in a child of its own would import TensorFlow anew.
import contextlib, io, pathlib, sys
from api.enginekit.catalogue import make_entry
from api.enginekit.manifest import write_manifest
from api.services.classify.engines import conversion
fields = {"task": "classify", "labels": "labels.txt", "input": {"size": 16, "resize": 16}}
for name in ("lambda", "two_inputs", "two_outputs"):
    folder = pathlib.Path("refused", name)
    folder.mkdir(parents=True)
    pathlib.Path(f"{name}.keras").rename(folder / "source.keras")
    (folder / "labels.txt").write_text("rose\\ntulip\\nlily\\n")
    write_manifest(folder, make_entry(name, fields))
    sys.argv[1:] = [str(folder)]
    with contextlib.redirect_stderr(io.StringIO()) as said:
        assert conversion.main() == 1
    pathlib.Path(f"{name}.txt").write_text(said.getvalue())
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with models of many kinds, and what is said of those that are refused."""
    folder = tmp_path_factory.mktemp("made")
    subprocess.run([sys.executable, "-c", MAKE], cwd=folder, check=True, capture_output=True)
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
    ("name", "said"),
    [("lambda", "ambda"), ("two_inputs", "one input"), ("two_outputs", "one output")],
)
def test_what_is_no_image_classifier(made: Path, name: str, said: str) -> None:
    """Code in a model and other shapes are refused in one line."""
    (line,) = (made / f"{name}.txt").read_text().split("\n")[-2:-1]
    assert line.startswith("error: ")
    assert said in line
