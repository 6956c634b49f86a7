"""Conversion with the real TensorFlow: published and users' models, and what is refused."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from api.enginekit.catalogue import make_entry
from api.enginekit.installation import in_child
from api.enginekit.installed import BUILTIN
from api.enginekit.manifest import read_manifest, write_manifest
from api.enginekit.store import ModelStore
from api.errors import Unusable
from api.services.classify.engines.conversion import kind_of

SHARED = Path(os.environ.get("PERCEPT_SHARED", BUILTIN.parent / "../shared")) / "models"
CONVERT = in_child("api.services.classify.engines.conversion")
LABELS = "rose\ntulip\nlily\n"
Make = Callable[[str], None]

# Runs in a child of its own: TensorFlow must not be imported by the tests' process.
PRELUDE = """
import keras, numpy as np, tensorflow as tf
def network(activation="softmax", side=16, layer=None):
    keras.utils.set_random_seed(1)
    picture = x = keras.Input((side, side, 3))
    x = keras.layers.Conv2D(4, 3, activation="relu")(x)
    x = layer(x) if layer else x
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(picture, keras.layers.Dense(3, activation=activation)(x))
def to_tflite(model, file):
    model.export("made", verbose=False)
    open(file, "wb").write(tf.lite.TFLiteConverter.from_saved_model("made").convert())
"""


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Runs a few lines that make a model in tmp_path."""

    def run(lines: str) -> None:
        command = [sys.executable, "-c", PRELUDE + lines]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    return run


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    (tmp_path / "labels.txt").write_text(LABELS)
    return ModelStore(tmp_path / "models", mirror=str(SHARED), converters={"classify": CONVERT})


def add(store: ModelStore, model: Path, size: int = 16) -> Path:
    fields = {"task": "classify", "input": {"size": size, "resize": size}}
    return store.add(make_entry("own", fields), model, model.parent / "labels.txt")


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
@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared mirror is not here")
def test_mobilenet_v2_from_the_real_mirror(store: ModelStore, make: Make, tmp_path: Path) -> None:
    """Pulled, converted, the default, and the same as Keras to 1e-4."""
    home = store.pull("mobilenet_v2")
    assert store.default("classify") == "mobilenet_v2"
    assert store.entry("mobilenet_v2").output == "probabilities"
    assert store.verify("mobilenet_v2") == []
    weights = next(home.glob("*.h5"))
    make(f"""
x = np.random.default_rng(3).uniform(-1, 1, (1, 224, 224, 3)).astype("float32")
np.savez("truth.npz", x=x, y=keras.applications.MobileNetV2(weights={str(weights)!r})(x))
""")
    truth = np.load(tmp_path / "truth.npz")
    assert np.abs(answers(home, truth["x"]) - truth["y"]).max() < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mobilenet_v3_large", "efficientnet_v2_b0"])
def test_the_other_architectures_convert(
    store: ModelStore, make: Make, tmp_path: Path, name: str
) -> None:
    """With random weights in place of the published ones, which cannot be had everywhere."""
    architecture = store.entry(name).architecture
    folder = tmp_path / name
    folder.mkdir()
    make(f"keras.applications.{architecture}(weights=None).save_weights('{name}/w.weights.h5')")
    (folder / "imagenet_class_index.json").write_text("\n".join(f"c{n}" for n in range(1000)))
    write_manifest(folder, store.entry(name))
    CONVERT(folder)
    entry = read_manifest(folder).entry
    assert entry.engines == {"litert": "model.tflite", "tensorflow": "saved_model"}
    assert entry.output == "probabilities"


@pytest.mark.slow
def test_a_users_keras_model_of_any_picture_size(
    store: ModelStore, make: Make, tmp_path: Path
) -> None:
    """It is fixed to the size that was said, and its logits are recognised."""
    make("network(activation=None, side=None).save('m.keras')")
    home = add(store, tmp_path / "m.keras", 24)
    assert store.entry("own").output == "logits"
    assert answers(home, np.zeros((1, 24, 24, 3), np.float32)).shape == (1, 3)


@pytest.mark.slow
def test_a_users_saved_model(store: ModelStore, make: Make, tmp_path: Path) -> None:
    """A SavedModel is converted and kept for TensorFlow."""
    make("network().export('saved', verbose=False)")
    home = add(store, tmp_path / "saved")
    assert store.entry("own").engines == {"litert": "model.tflite", "tensorflow": "saved_model"}
    assert store.entry("own").output == "probabilities"
    assert answers(home, np.ones((1, 16, 16, 3), np.float32)).sum() == pytest.approx(1, abs=1e-4)


@pytest.mark.slow
def test_a_users_tflite_model(store: ModelStore, make: Make, tmp_path: Path) -> None:
    """It is taken as it is, for LiteRT only."""
    make("to_tflite(network(), 'm.tflite')")
    home = add(store, tmp_path / "m.tflite")
    assert store.entry("own").engines == {"litert": "model.tflite"}
    assert (home / "model.tflite").read_bytes() == (tmp_path / "m.tflite").read_bytes()
    store.remove("own")
    with pytest.raises(Unusable, match="16x16, not 32x32"):
        add(store, tmp_path / "m.tflite", 32)
    (tmp_path / "labels.txt").write_text("rose\ntulip\n")
    with pytest.raises(Unusable, match="3 outputs for 2 labels"):
        add(store, tmp_path / "m.tflite")


@pytest.mark.parametrize("name", ["m.tflite", pytest.param("m.keras", marks=pytest.mark.slow)])
def test_garbage_is_refused(store: ModelStore, tmp_path: Path, name: str) -> None:
    """A file that only has the right name is refused in one line."""
    (tmp_path / name).write_text("garbage")
    with pytest.raises(Unusable, match="own cannot be converted") as caught:
        add(store, tmp_path / name)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("network(layer=keras.layers.Lambda(lambda x: x * 2)).save('m.keras')", "ambda"),
        (
            "a, b = keras.Input((16, 16, 3)), keras.Input((16, 16, 3))\n"
            "keras.Model([a, b], network()(a + b)).save('m.keras')",
            "one input",
        ),
        (
            "n = network(); keras.Model(n.input, [n.output, n.output * 2]).save('m.keras')",
            "one output",
        ),
    ],
    ids=["lambda", "two inputs", "two outputs"],
)
def test_what_is_no_image_classifier(
    store: ModelStore, make: Make, tmp_path: Path, lines: str, said: str
) -> None:
    """Code in a model and other shapes are refused in one line, and nothing appears."""
    make(lines)
    with pytest.raises(Unusable, match=said) as caught:
        add(store, tmp_path / "m.keras")
    assert "\n" not in str(caught.value)
    assert store.installed("own") is None
