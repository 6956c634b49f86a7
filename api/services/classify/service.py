"""Classifies pictures: reads them, prepares them as the model was trained, names the classes."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from api.enginekit.catalogue import Entry, Input
from api.enginekit.image import read_image
from api.enginekit.installed import BUILTIN
from api.enginekit.labels import Label, read_labels
from api.enginekit.pool import Loaded
from api.enginekit.stopwatch import Stopwatch
from api.errors import PerceptError, Unusable, invalid
from api.services.classify.engines import Pictures, Probabilities

LANGUAGES = ("en", "es")
SPANISH = BUILTIN / "labels"


@dataclass(frozen=True)
class Prediction:
    """One class and how likely it is, 0 to 1."""

    class_id: str
    label: str
    probability: float


@dataclass(frozen=True)
class Options:
    """How many classes to name, in which language, and the largest picture taken."""

    top_k: int
    language: str
    max_pixels: int


def classify(model: Loaded, data: bytes, options: Options, watch: Stopwatch) -> list[Prediction]:
    """The most likely classes of one picture, the likeliest first.

    Raises:
        Unusable, TooLarge: the picture cannot be read, or is too large.
        Invalid: the model has no labels in that language.
    """
    labels = labels_of(model, options.language)
    with watch.stage("decode"):
        pictures = prepare(data, _input(model.entry), options.max_pixels)
    with watch.stage("infer"):
        (row,) = _probabilities(model, pictures)
    return _top(row, labels, options)


def classify_many(
    model: Loaded, files: list[bytes], options: Options, watch: Stopwatch
) -> list[list[Prediction] | PerceptError]:
    """For each picture, in order, its predictions or what is wrong with it."""
    labels = labels_of(model, options.language)
    with watch.stage("decode"):
        prepared = [_try_prepare(data, model, options) for data in files]
    good = [one for one in prepared if not isinstance(one, PerceptError)]
    with watch.stage("infer"):
        rows = iter(_probabilities(model, np.concatenate(good)) if good else ())
    return [
        one if isinstance(one, PerceptError) else _top(next(rows), labels, options)
        for one in prepared
    ]


def _probabilities(model: Loaded, pictures: Pictures) -> Probabilities:
    """From (n, size, size, 3) to (n, classes)."""
    if not _input(model.entry).mirror:
        return model.engine.probabilities(pictures)  # type: ignore[no-any-return]
    both = np.concatenate([pictures, pictures[:, :, ::-1]])
    return model.engine.probabilities(both).reshape(2, len(pictures), -1).mean(axis=0)  # type: ignore[no-any-return]


def _try_prepare(data: bytes, model: Loaded, options: Options) -> Pictures | PerceptError:
    try:
        return prepare(data, _input(model.entry), options.max_pixels)
    except PerceptError as error:
        return error


def _input(entry: Entry) -> Input:
    if entry.input is None:
        raise Unusable("The model %(name)s does not take pictures.", name=entry.name)
    return entry.input


def prepare(data: bytes, wanted: Input, max_pixels: int) -> Pictures:
    """The picture as the model was trained to see it, (1, size, size, 3).

    The short side becomes `resize` and the centre is cut out. Only that part is resampled, so
    that a picture of 1 x 60,000 pixels costs no more than any other.
    """
    picture = read_image(data, max_pixels, at_least=wanted.resize)
    side = min(picture.size) * min(1.0, wanted.size / wanted.resize)
    left, top = (picture.width - side) / 2, (picture.height - side) / 2
    resample = Image.Resampling[wanted.filter.upper()]
    box = (left, top, left + side, top + side)
    square = picture.resize((wanted.size, wanted.size), resample, box)
    factor, offset = wanted.factor_and_offset
    return np.asarray(square, np.float32)[np.newaxis] * np.float32(factor) + np.float32(offset)


def labels_of(model: Loaded, language: str) -> tuple[Label, ...]:
    """The model's labels.

    Raises:
        Invalid: it has none in that language.
    """
    if language not in model.entry.languages:
        known = ", ".join(model.entry.languages)
        raise invalid("language", "Must be one of: %(wanted)s.", wanted=known)
    spanish = SPANISH / model.entry.labels_es if model.entry.labels_es else None
    return _read_once(model.folder / model.entry.labels, spanish)


@cache
def _read_once(file: Path, spanish: Path | None) -> tuple[Label, ...]:
    return tuple(read_labels(file, spanish))


def _top(row: Pictures, labels: tuple[Label, ...], options: Options) -> list[Prediction]:
    best = np.argsort(-row, kind="stable")[: options.top_k]
    return [
        Prediction(
            labels[n].class_id,
            labels[n].es if options.language == "es" else labels[n].en,
            float(round(float(row[n]), 6)),
        )
        for n in best
    ]
