"""The same asserts for every classification engine, on a small network made here."""

import threading
from pathlib import Path

import numpy as np
import pytest

from api.config import Settings
from api.enginekit.catalogue import Entry, Input
from api.services.classify import engines
from api.services.classify.engines import Classifier

pytestmark = [
    pytest.mark.slow,
    # TensorFlow and Keras warn of their own future.
    pytest.mark.filterwarnings("ignore"),
]
SIDE, CLASSES = 16, 7


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one random network as .tflite and as a SavedModel."""
    keras = pytest.importorskip("keras")
    import tensorflow as tf

    home = tmp_path_factory.mktemp("network")
    keras.utils.set_random_seed(7)
    layers = keras.layers
    network = keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 3)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(CLASSES),
            layers.Softmax(),
        ]
    )
    network.export(str(home / "saved"), verbose=False)
    single = tf.TensorSpec((1, SIDE, SIDE, 3), tf.float32)
    network.export(str(home / "single"), input_signature=[single], verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(home / "saved"))
    (home / "model.tflite").write_bytes(converter.convert())
    return home


FILES = {
    "litert": ("litert", "model.tflite"),
    "tensorflow": ("tensorflow", "saved"),
    "tensorflow-of-one": ("tensorflow", "single"),
}


@pytest.fixture(params=FILES)
def classifier(request: pytest.FixtureRequest, folder: Path) -> Classifier:
    """Each engine in turn, loaded as the server loads it."""
    name, file = FILES[request.param]
    return load(name, file, folder)


def load(name: str, file: str, folder: Path) -> Classifier:
    import importlib

    module, _, kind = engines.ENGINES[name].partition(":")
    entry = Entry(
        name="small", task="classify", engines={name: file}, input=Input(size=SIDE, resize=SIDE)
    )
    made: Classifier = getattr(importlib.import_module(module), kind)(folder, entry)
    made.warm_up()
    return made


def pictures(count: int) -> np.ndarray:
    """Random pictures as the network wants them."""
    return np.random.default_rng(3).uniform(-1, 1, (count, SIDE, SIDE, 3)).astype(np.float32)


def test_probabilities(classifier: Classifier) -> None:
    """One row a picture; each row is a distribution over the classes."""
    found = classifier.probabilities(pictures(5))
    assert (found.shape, found.dtype) == ((5, CLASSES), np.float32)
    assert np.allclose(found.sum(axis=1), 1, atol=1e-5)


def test_a_batch_is_its_pictures(classifier: Classifier) -> None:
    """A picture's answer does not depend on its company."""
    together = classifier.probabilities(pictures(4))
    alone = np.concatenate([classifier.probabilities(one[np.newaxis]) for one in pictures(4)])
    assert np.abs(together - alone).max() < 1e-5


def test_many_threads(classifier: Classifier) -> None:
    """Used from eight threads at once, it gives each its own answer."""
    expected, found = classifier.probabilities(pictures(8)), {}

    def work(n: int) -> None:
        for _ in range(20):
            found[n] = classifier.probabilities(pictures(8)[n : n + 1])[0]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert np.abs(np.stack([found[n] for n in range(8)]) - expected).max() < 1e-5


def test_engines_agree(folder: Path) -> None:
    """All engines give the same probabilities for the same network, to 1e-4."""
    answers = [load(name, file, folder).probabilities(pictures(6)) for name, file in FILES.values()]
    assert max(np.abs(answers[0] - other).max() for other in answers[1:]) < 1e-4


@pytest.mark.parametrize(
    ("wanted", "available", "chosen"),
    [
        ("litert", {"litert": "a", "tensorflow": "b"}, "litert"),
        ("tensorflow", {"litert": "a", "tensorflow": "b"}, "tensorflow"),
        ("tensorflow", {"litert": "a"}, "litert"),
        ("litert", {"tensorflow": "b"}, "tensorflow"),
    ],
)
def test_choice_of_engine(wanted: str, available: dict[str, str], chosen: str) -> None:
    """The engine that is set runs a model, where the model has files for it."""
    choose = engines.chooser(Settings(classify_engine=wanted))  # type: ignore[arg-type]
    assert choose(Entry(name="x", task="classify", engines=available)) == chosen  # type: ignore[arg-type]
