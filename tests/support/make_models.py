"""Makes models of many kinds in the current folder, and converts some of them.

Run as a script: one import of TensorFlow for all of them, in a process of its own.
"""

import contextlib
import io
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from api.enginekit.catalogue import make_entry
from api.enginekit.installation import take_in
from api.enginekit.manifest import write_manifest
from api.services.classify.engines import conversion

SIDE = 16
LABELS = "rose\ntulip\nlily\n"
CONVERTED = (
    ("lambda", "-1..1"), ("two_inputs", "-1..1"), ("two_outputs", "-1..1"), ("own_layer", "-1..1"),
    ("at_random", "0..255"), ("trained", "-1..1"), ("trained", "0..255"),
    ("signatures", "0..255"), ("mixed", "0..1"), ("channels_first", "0..1"),
)  # fmt: skip


def network(*extra: Any, activation: str | None = "softmax", side: int | None = SIDE) -> Any:
    """A small classifier with these layers in its middle."""
    keras.utils.set_random_seed(1)
    picture = x = keras.Input((side, side, 3))
    for layer in (layers.Conv2D(4, 3, activation="relu"), *extra, layers.GlobalAveragePooling2D()):
        x = layer(x)
    return keras.Model(picture, layers.Dense(3, activation=activation)(x))


def plain() -> None:
    network(activation=None, side=None).save("any_size.keras")
    network(layers.Lambda(lambda x: x * 2)).save("lambda.keras")
    one, other = keras.Input((SIDE, SIDE, 3)), keras.Input((SIDE, SIDE, 3))
    keras.Model([one, other], network()(one + other)).save("two_inputs.keras")
    model = network()
    keras.Model(model.input, [model.output, model.output * 2]).save("two_outputs.keras")
    network().export("saved", verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model("saved")
    Path("m.tflite").write_bytes(converter.convert())
    for architecture in ("MobileNetV3Large", "EfficientNetV2B0"):
        published = getattr(keras.applications, architecture)(weights=None)
        published.save_weights(f"{architecture}.weights.h5")


def own_layer() -> None:
    class Own(layers.Layer):
        def call(self, pictures: Any) -> Any:
            return pictures * 2

    network(Own()).save("own_layer.keras")


def trained() -> Any:
    """A model of whole numbers with layers that change pictures at random in training."""
    nested = keras.Sequential([layers.RandomGrayscale(), layers.RandomCrop(SIDE, SIDE)])
    augmenting = [
        layers.RandomFlip(), layers.RandomRotation(0.2), layers.RandomZoom(0.2),
        layers.RandomContrast(0.2), layers.RandomBrightness(0.2), layers.RandomErasing(),
        layers.RandomTranslation(0.1, 0.1), layers.RandomHue(0.1), layers.RandAugment(), nested,
        layers.GaussianNoise(0.5), layers.GaussianDropout(0.2), layers.Dropout(0.2),
        layers.SpatialDropout2D(0.2),
    ]  # fmt: skip
    picture = keras.Input((SIDE, SIDE, 3), dtype="uint8")
    x = layers.Rescaling(1.0)(picture)
    for layer in (*augmenting, layers.Rescaling(1 / 255), *network().layers[1:]):
        x = layer(x)
    return keras.Model(picture, x)


def signatures(model: Any) -> None:
    """A SavedModel with two functions."""
    archive = keras.export.ExportArchive()
    archive.track(model)
    pictures = [tf.TensorSpec((None, SIDE, SIDE, 3), "uint8")]
    for name, training in (("serving_default", False), ("train", True)):
        archive.add_endpoint(
            name, lambda x, training=training: model(x, training=training), input_signature=pictures
        )
    archive.write_out("signatures", verbose=False)


def as_trained() -> None:
    """Models as training leaves them, and what each answers for the same pictures."""
    model = trained()
    model.export("at_random", verbose=False)
    signatures(model)
    keras.mixed_precision.set_global_policy("mixed_float16")
    mixed = network(layers.BatchNormalization())
    keras.mixed_precision.set_global_policy("float32")
    first = keras.Input((3, SIDE, SIDE))
    channels_first = keras.Model(first, network()(layers.Permute((2, 3, 1))(first)))
    pictures = np.random.default_rng(1).integers(0, 256, (3, SIDE, SIDE, 3)).astype(np.float32)
    np.save("pictures.npy", pictures)
    for name, one, given in (
        ("trained", model, pictures),
        ("mixed", mixed, pictures / 255),
        ("channels_first", channels_first, pictures.transpose(0, 3, 1, 2) / 255),
    ):
        one.save(f"{name}.keras")
        np.save(f"{name}.npy", np.float32(one(given, training=False)))


def convert(name: str, scale: str) -> None:
    """Converts a copy of it in a folder of its own, and keeps what is said."""
    folder = Path("converted", scale, name)
    folder.mkdir(parents=True)
    file = Path(f"{name}.keras")
    take_in(file if file.exists() else Path(name), folder)
    (folder / "labels.txt").write_text(LABELS)
    picture = {"size": SIDE, "resize": SIDE, "scale": scale}
    fields = {"task": "classify", "labels": "labels.txt", "input": picture}
    write_manifest(folder, make_entry(name, fields))
    sys.argv[1:] = [str(folder)]
    with contextlib.redirect_stderr(io.StringIO()) as said:
        conversion.main()
    (folder / "said.txt").write_text(said.getvalue())


if __name__ == "__main__":
    plain()
    own_layer()
    as_trained()
    for row in CONVERTED:
        convert(*row)
