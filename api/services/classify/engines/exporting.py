"""Models as people make them become SavedModels with one function, which only predicts.

It takes pictures (n, h, w, 3) and gives (n, classes), both of float32 numbers, whatever the model
itself computes in. What is random while a model is trained is off.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from api.enginekit.catalogue import Input
from api.errors import Unusable

Predict = Callable[[Any], Any]
Shape = tuple[int | None, ...]
DEFAULT = "serving_default"


def export_keras(model: Any, wanted: Input, folder: Path) -> Predict:
    """Write a Keras model as a SavedModel; return the function as Keras itself computes it.

    Raises:
        Unusable: it does not have one input and one output.
    """
    import keras
    import tensorflow as tf

    if len(taken := list(getattr(model, "inputs", None) or ())) != 1:
        raise Unusable("it must have one input, an image of float32 numbers")
    _compute_in_float32(model)
    archive = keras.export.ExportArchive()
    archive.track(model)
    shape, dtype = tuple(taken[0].shape), tf.as_dtype(taken[0].dtype)
    signature = _signature(tf, shape, dtype, wanted)

    def predict(pictures: Any) -> Any:
        return _only(tf, model(_as_taken(tf, pictures, shape, dtype), training=False))

    archive.add_endpoint(DEFAULT, predict, input_signature=[signature])
    archive.write_out(str(folder), verbose=False)
    return predict


def mend_saved_model(folder: Path, wanted: Input) -> None:
    """Give a SavedModel such a function, if its own takes other numbers, any size, or has a name
    of its own.

    Raises:
        Unusable: it has no such function, or several.
    """
    import tensorflow as tf

    loaded = tf.saved_model.load(str(folder))
    name, function = _function(loaded)
    specs = list(function.structured_input_signature[1].items())
    if len(specs) != 1:
        raise Unusable("it must have one input, an image of float32 numbers")
    ((argument, spec),) = specs
    shape, dtype = () if spec.shape.rank is None else tuple(spec.shape), spec.dtype
    if name == DEFAULT and dtype == tf.float32 and shape[3:] == (3,) and None not in shape[1:3]:
        return
    signature = _signature(tf, shape, dtype, wanted)

    def predict(pictures: Any) -> Any:
        return _only(tf, function(**{argument: _as_taken(tf, pictures, shape, dtype)}))

    _replace(tf, folder, loaded, tf.function(predict, [signature]))


def _function(loaded: Any) -> tuple[str, Any]:
    names = sorted(loaded.signatures)
    chosen = DEFAULT if DEFAULT in names or len(names) != 1 else names[0]
    if chosen not in names:
        found = ", ".join(names) or "none"
        raise Unusable(
            "it has no signature serving_default, and not one alone: %(found)s", found=found
        )
    return chosen, loaded.signatures[chosen]


def _replace(tf: Any, folder: Path, loaded: Any, predict: Predict) -> None:
    module = tf.Module()
    module.loaded, module.predict = loaded, predict
    mended = folder.with_name(f"{folder.name}.mended")
    tf.saved_model.save(module, str(mended), signatures={DEFAULT: predict})
    shutil.rmtree(folder)
    mended.rename(folder)


def _signature(tf: Any, shape: Shape, dtype: Any, wanted: Input) -> Any:
    """Return what the function takes: the model's own size, or the one wanted if it takes any."""
    if dtype.is_integer and wanted.scale != "0..255":
        raise Unusable(
            "it takes whole numbers, so its scale is 0..255, not %(said)s", said=wanted.scale
        )
    _, high, wide, _ = _channels_last(shape)
    return tf.TensorSpec(
        (None, high or wanted.size, wide or wanted.size, 3), tf.float32, "pictures"
    )


def _channels_last(shape: Shape) -> Shape:
    if len(shape) == 4 and shape[3] == 3:
        return shape
    if len(shape) == 4 and shape[1] == 3:
        return shape[0], shape[2], shape[3], 3
    raise Unusable("its input has the shape %(shape)s, not (1, h, w, 3)", shape=list(shape))


def _as_taken(tf: Any, pictures: Any, shape: Shape, dtype: Any) -> Any:
    """Return pictures with the channels where the model wants them, as the numbers it wants."""
    if shape[3] != 3:
        pictures = tf.transpose(pictures, (0, 3, 1, 2))
    return tf.cast(pictures, dtype)


def _only(tf: Any, answers: Any) -> Any:
    found = tf.nest.flatten(answers)
    if len(found) != 1:
        raise Unusable("it must have one output of float32 numbers, one for each class")
    return tf.cast(found[0], tf.float32)


def _compute_in_float32(model: Any) -> None:
    """Undo mixed precision, which is for training: weights are float32 already."""
    for layer in model._flatten_layers():  # Keras has no public way to layers within layers
        layer.dtype_policy = "float32"
