"""Makes the engines' files of a classifier; runs as a child process, the only one with TensorFlow.

    python -m api.services.classify.engines.conversion FOLDER

FOLDER holds a manifest, labels, and one of: the weights of a known architecture (*.h5),
`source.keras`, `saved_model/`, `model.tflite`. It gets `model.tflite` (float32), `saved_model/`
(unless it came as .tflite), and a manifest that names them and the kind of output. What is
wrong is said in one line "error: ..." on stderr, with exit status 1.
"""

import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from api.enginekit.catalogue import Entry
from api.enginekit.labels import read_labels
from api.enginekit.manifest import read_manifest, write_manifest
from api.errors import Unusable
from api.services.classify.engines.exporting import DEFAULT, export_keras, mend_saved_model

ARCHITECTURES = ("EfficientNetV2B0", "MobileNetV2", "MobileNetV3Large")
TFLITE, SAVED, KERAS = "model.tflite", "saved_model", "source.keras"
PROBES = 4
TOLERANCE = 1e-4  # how far LiteRT and TensorFlow may differ
Array = NDArray[np.float32]
Answers = Callable[[Array], Array]


def convert(folder: Path) -> None:
    """Makes what is missing in the folder and notes it in its manifest.

    Raises:
        Unusable: it is not an image classifier that fits its manifest and labels.
    """
    entry = read_manifest(folder).entry
    pictures = _probes(entry)
    engines: dict[str, str] = {"litert": TFLITE}
    others: list[Answers] = []
    if not (folder / TFLITE).exists():
        others = [*_export(entry, folder), lambda given: _tensorflow_answers(folder / SAVED, given)]
        (folder / TFLITE).write_bytes(_to_litert(folder / SAVED))
        engines["tensorflow"] = SAVED
    answers = _litert_answers(folder / TFLITE, pictures, len(read_labels(folder / entry.labels)))
    for other in others:
        _compare(answers, other(pictures))
    write_manifest(folder, replace(entry, engines=engines, output=kind_of(answers)))


def kind_of(answers: Array) -> Literal["probabilities", "logits"]:
    """What a network gives, judged by its answers (n, classes): rows of chances sum to 1."""
    chances = (answers >= 0).all() and np.allclose(answers.sum(axis=1), 1, atol=1e-3)
    return "probabilities" if chances else "logits"


def _probes(entry: Entry) -> Array:
    """Random pictures (n, size, size, 3) in the scale of the network."""
    if not entry.input:
        raise Unusable("the catalogue does not say what pictures it takes")
    factor, offset = entry.input.factor_and_offset
    shape = (PROBES, entry.input.size, entry.input.size, 3)
    pixels = np.random.default_rng(0).integers(0, 256, shape)
    return (pixels * factor + offset).astype(np.float32)


def _export(entry: Entry, folder: Path) -> list[Answers]:
    """Write `saved_model/`, if the model did not come as one; return how Keras itself answers."""
    if not entry.input:
        raise Unusable("the catalogue does not say what pictures it takes")
    if entry.architecture:
        model = _published(entry.architecture, next(folder.glob("*.h5"), None))
    elif (folder / KERAS).exists():
        model = _own(folder / KERAS)
    elif (folder / SAVED).is_dir():
        mend_saved_model(folder / SAVED, entry.input)
        return []
    else:
        raise Unusable("there is no model in the folder")
    predict = export_keras(model, entry.input, folder / SAVED)
    return [lambda pictures: np.asarray(predict(pictures))]


def _published(architecture: str, weights: Path | None) -> Any:
    if architecture not in ARCHITECTURES:
        raise Unusable("%(name)s is not a known architecture", name=architecture)
    if not weights:
        raise Unusable("there is no file of weights (.h5)")
    import keras

    return getattr(keras.applications, architecture)(weights=str(weights))


def _own(file: Path) -> Any:
    import keras

    return keras.models.load_model(file, compile=False, safe_mode=True)


def _to_litert(saved: Path) -> bytes:
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved), signature_keys=[DEFAULT])
    try:
        content: bytes = converter.convert()
    except Exception as error:
        if "StatelessRandom" in str(error):
            raise Unusable(
                "it changes pictures at random, as in training; add its .keras file instead, or "
                "export it with training=False"
            ) from error
        raise
    return content


def _litert_answers(file: Path, pictures: Array, classes: int) -> Array:
    """The answers (n, classes) of the LiteRT model, after a look at its inputs and outputs."""
    from ai_edge_litert.interpreter import Interpreter

    network = Interpreter(str(file), num_threads=1)
    takes, gives = network.get_input_details(), network.get_output_details()
    _check_input(takes, pictures.shape[1])
    if len(gives) != 1 or len(gives[0]["shape"]) != 2 or gives[0]["dtype"] != np.float32:
        raise Unusable("it must have one output of float32 numbers, one for each class")
    if gives[0]["shape"][1] != classes:
        raise Unusable(
            "it has %(outputs)s outputs for %(labels)s labels",
            outputs=gives[0]["shape"][1],
            labels=classes,
        )
    network.allocate_tensors()
    answers = np.concatenate(
        [_run(network, takes[0]["index"], gives[0]["index"], p[None]) for p in pictures]
    )
    if not np.isfinite(answers).all():
        raise Unusable("its answers are not finite numbers")
    return answers


def _check_input(takes: list[dict[str, Any]], size: int) -> None:
    if len(takes) != 1 or takes[0]["dtype"] != np.float32:
        raise Unusable("it must have one input, an image of float32 numbers")
    shape = [int(side) for side in takes[0]["shape_signature"]]
    if len(shape) != 4 or shape[0] not in (-1, 1) or shape[3] != 3:
        raise Unusable("its input has the shape %(shape)s, not (1, h, w, 3)", shape=shape)
    if -1 in shape[1:3]:
        raise Unusable("the size of its pictures is not fixed")
    if shape[1:3] != [size, size]:
        raise Unusable(
            "it takes pictures of %(h)sx%(w)s, not %(size)sx%(size)s",
            h=shape[1],
            w=shape[2],
            size=size,
        )


def _run(network: Any, taken: int, given: int, picture: Array) -> Array:
    network.set_tensor(taken, picture)
    network.invoke()
    answer: Array = network.get_tensor(given)
    return answer


def _tensorflow_answers(saved: Path, pictures: Array) -> Array:
    import tensorflow as tf

    serve = tf.saved_model.load(str(saved)).signatures[DEFAULT]
    (name,) = serve.structured_input_signature[1]
    answers = [serve(**{name: tf.constant(p[None])}) for p in pictures]
    return np.concatenate([next(iter(answer.values())).numpy() for answer in answers])


def _compare(litert: Array, tensorflow: Array) -> None:
    if not np.allclose(litert, tensorflow, rtol=TOLERANCE, atol=TOLERANCE):
        far = float(np.abs(litert - tensorflow).max())
        raise Unusable("LiteRT differs from what it was made of by %(far).2g", far=far)


def _one_line(error: Exception) -> str:
    # Keras quotes all of a model before it says what is wrong with it.
    told = str(error).rpartition("Exception encountered: ")[2]
    text = " ".join(told.split()) or type(error).__name__
    return text if len(text) <= 300 else f"{text[:300]}..."


def main() -> int:
    """Converts the folder named on the command line; the exit status."""
    try:
        # TensorFlow leaves files where it keeps temporary ones; they go with this folder.
        with tempfile.TemporaryDirectory(prefix="percept-") as tempfile.tempdir:
            convert(Path(sys.argv[1]))
    except Exception as error:  # noqa: BLE001 - a stranger's model may raise anything; one line goes out
        sys.stderr.write(f"\nerror: {_one_line(error)}\n")
        return 1
    finally:
        tempfile.tempdir = None  # that folder is gone
    return 0


if __name__ == "__main__":
    sys.exit(main())
