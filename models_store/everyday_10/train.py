"""Trains everyday_10: ten everyday things told apart in 32x32 pictures.

    python models_store/everyday_10/train.py CIFAR_FOLDER OUTPUT_FOLDER [--epochs 20]

CIFAR_FOLDER holds train/<class>/*.jpg and test/<class>/*.jpg (CIFAR-10 as JPEG). Written to
OUTPUT_FOLDER: everyday_10.tflite (float16 weights) and report.json (accuracy, confusion, recipe).
The recipe follows what is known of fast CIFAR-10 training: a first layer fixed to whiten 2x2
patches, one-cycle Nesterov momentum, label smoothing, mirrored and shifted pictures.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from keras import layers
from PIL import Image

CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
WIDTHS = (64, 192, 256)
BATCH = 500
PEAK_RATE, MOMENTUM, DECAY, SMOOTHING = 0.45, 0.9, 0.007, 0.15
SHIFT = 3
SEED = 20261121


def load(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Pictures as uint8 (n, 32, 32, 3) and their class numbers."""
    files = [(f, n) for n, name in enumerate(CLASSES) for f in sorted((folder / name).iterdir())]
    pictures = np.stack([np.asarray(Image.open(f).convert("RGB")) for f, _ in files])
    return pictures, np.array([n for _, n in files])


def whitening_kernel(pictures: np.ndarray) -> np.ndarray:
    """The (2, 2, 3, 24) kernel that makes 2x2 patches uncorrelated, and its negative."""
    scaled = pictures.astype("float32") / 127.5 - 1
    patches = np.lib.stride_tricks.sliding_window_view(scaled, (2, 2), axis=(1, 2))
    flat = patches.transpose(0, 1, 2, 4, 5, 3).reshape(-1, 12)
    values, vectors = np.linalg.eigh(np.cov(flat[:: len(flat) // 500_000 + 1].T))
    filters = (vectors / np.sqrt(values + 1e-3)).reshape(2, 2, 3, 12)
    return np.concatenate([filters, -filters], axis=-1).astype("float32")


def block(x: keras.KerasTensor, width: int) -> keras.KerasTensor:
    """Convolve, halve the size, convolve again."""
    for shrink in (True, False):
        x = layers.Conv2D(width, 3, padding="same", use_bias=False)(x)
        x = layers.MaxPooling2D(2)(x) if shrink else x
        x = layers.BatchNormalization(momentum=0.8, scale=False)(x)
        x = layers.Activation("gelu")(x)
    return x


def build() -> keras.Model:
    """The network: (n, 32, 32, 3) in -1..1 to logits (n, 10)."""
    picture = x = keras.Input((32, 32, 3))
    x = layers.Conv2D(24, 2, name="whiten")(x)
    x = layers.Activation("gelu")(x)
    for width in WIDTHS:
        x = block(x, width)
    x = layers.GlobalMaxPooling2D()(x)
    x = layers.Dense(len(CLASSES), use_bias=False, dtype="float32")(x)
    return keras.Model(picture, layers.Rescaling(1 / 9, dtype="float32")(x))


def batches(pictures: np.ndarray, labels: np.ndarray, epochs: int) -> Iterator[tuple]:
    """Shuffled batches, shifted at random; each picture is mirrored every other epoch."""
    chance = np.random.default_rng(SEED)
    mirrored = chance.random(len(pictures)) < 0.5
    padded = np.pad(pictures, ((0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT), (0, 0)), mode="reflect")
    for epoch in range(epochs):
        order = chance.permutation(len(pictures))
        for at in range(0, len(order) - BATCH + 1, BATCH):
            picked = order[at : at + BATCH]
            rows, columns = chance.integers(0, 2 * SHIFT + 1, (2, BATCH))
            x = np.stack(
                [
                    padded[n, r : r + 32, c : c + 32]
                    for n, r, c in zip(picked, rows, columns, strict=True)
                ]
            )
            flip = mirrored[picked] ^ bool(epoch % 2)
            x[flip] = x[flip, :, ::-1]
            yield x.astype("float32") / 127.5 - 1, tf.one_hot(labels[picked], len(CLASSES))


class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """Straight up to the peak rate, then straight down to a hundredth of it."""

    def __init__(self, peak: float, warm: int, steps: int):
        self.peak, self.warm, self.steps = peak, warm, steps

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        step = tf.cast(step, "float32")
        up = 0.15 + 0.85 * step / self.warm
        down = 1 - 0.99 * (step - self.warm) / (self.steps - self.warm)
        return self.peak * tf.minimum(up, down)


def train(train_set: tuple, test_set: tuple, epochs: int) -> keras.Model:
    keras.utils.set_random_seed(SEED)
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    model = build()
    whiten = model.get_layer("whiten")
    whiten.set_weights([whitening_kernel(train_set[0][:5000]), np.zeros(24)])
    whiten.trainable = False
    steps = len(train_set[0]) // BATCH
    optimizer = keras.optimizers.SGD(
        OneCycle(PEAK_RATE, epochs * steps // 5, epochs * steps), MOMENTUM, True, DECAY
    )
    optimizer.exclude_from_weight_decay(var_names=["beta"])
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=SMOOTHING)
    model.compile(optimizer, loss, metrics=["accuracy"])
    model.fit(
        batches(*train_set, epochs),
        steps_per_epoch=steps,
        epochs=epochs,
        verbose=2,
        callbacks=[Progress(test_set)],
    )
    return model


class Progress(keras.callbacks.Callback):
    """Prints the test accuracy now and then; nothing is chosen by it."""

    def __init__(self, test_set: tuple):
        super().__init__()
        self.pictures, self.labels = test_set[0][::5] / 127.5 - 1, test_set[1][::5]

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        guesses = self.model.predict(self.pictures, batch_size=500, verbose=0).argmax(1)
        print(f"epoch {epoch + 1}: test {(guesses == self.labels).mean():.4f}", flush=True)


def for_serving(trained: keras.Model) -> keras.Model:
    """The same network in float32, giving probabilities."""
    keras.mixed_precision.set_global_policy("float32")
    plain = build()
    plain.set_weights(trained.get_weights())
    return keras.Model(plain.input, layers.Softmax()(plain.output))


def convert(model: keras.Model, file: Path) -> None:
    """Writes a LiteRT file with float16 weights."""
    with tempfile.TemporaryDirectory() as saved:
        model.export(saved)
        converter = tf.lite.TFLiteConverter.from_saved_model(saved)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
        file.write_bytes(converter.convert())


def probabilities(file: Path, pictures: np.ndarray) -> np.ndarray:
    """What the written file, not the network in memory, says of each picture: (n, 10)."""
    interpreter = Interpreter(str(file))
    interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]["index"]
    result = interpreter.get_output_details()[0]["index"]
    found = []
    for picture in pictures:
        interpreter.set_tensor(source, picture[np.newaxis].astype("float32") / 127.5 - 1)
        interpreter.invoke()
        found.append(interpreter.get_tensor(result)[0].copy())
    return np.stack(found)


def report(file: Path, test_set: tuple) -> dict:
    """Accuracy of the file by itself and, as it is served, averaged with the mirror image."""
    pictures, labels = test_set
    plain = probabilities(file, pictures)
    served = plain + probabilities(file, pictures[:, :, ::-1])
    confusion = np.zeros((len(CLASSES), len(CLASSES)), int)
    np.add.at(confusion, (labels, served.argmax(1)), 1)
    return {
        "plain": round(float((plain.argmax(1) == labels).mean()), 4),
        "served": round(float((served.argmax(1) == labels).mean()), 4),
        "confusion": confusion.tolist(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--epochs", type=int, default=20)
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    test_set = load(args.data / "test")
    trained = train(load(args.data / "train"), test_set, args.epochs)
    minutes = round((time.monotonic() - started) / 60, 1)
    trained.save_weights(args.output / "everyday_10.weights.h5")
    file = args.output / "everyday_10.tflite"
    convert(for_serving(trained), file)
    figures = {"epochs": args.epochs, "minutes": minutes, **report(file, test_set)}
    (args.output / "report.json").write_text(json.dumps(figures, indent=1) + "\n")
    print(figures)


if __name__ == "__main__":
    main()
