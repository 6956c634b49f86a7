"""Classifies pictures: reads them, prepares them as the model was trained, names the classes."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from api.enginekit import guests
from api.enginekit.catalogue import Entry, Input
from api.enginekit.installed import BUILTIN
from api.enginekit.labels import Label, read_labels
from api.enginekit.pool import Loaded
from api.enginekit.stopwatch import Stopwatch
from api.errors import TooLarge, Unusable, invalid
from api.media import zipped
from api.services.classify import guest
from api.services.classify.engines import Probabilities
from api.storage import File

LANGUAGES = ("en", "es")
SPANISH = BUILTIN / "labels"
READING_S = 4.0
AT_ONCE = 4  # pictures of one batch that are read at the same time, where there are guests
Prepared = tuple[guest.Pixels, File | None]
Bad = Unusable | TooLarge


@dataclass(frozen=True)
class Prediction:
    """One class and how likely it is, 0 to 1."""

    class_id: str
    label: str
    probability: float


@dataclass(frozen=True)
class Options:
    """How many classes to name, in which language; the largest picture, whether to keep a copy."""

    top_k: int
    language: str
    max_pixels: int
    keep: bool = False


def classify(
    model: Loaded, data: bytes, options: Options, watch: Stopwatch
) -> tuple[list[Prediction], File | None]:
    """The most likely classes of one picture, and a copy of it without its metadata.

    Raises:
        Unusable, TooLarge: the picture cannot be read, or is too large.
        Invalid: the model has no labels in that language.
    """
    labels = labels_of(model, options.language)
    with watch.stage("decode"):
        pixels, copy = _prepare(data, model, options)
    with watch.stage("infer"):
        (row,) = _probabilities(model, pixels[np.newaxis])
    return _top(row, labels, options), copy


def classify_many(
    model: Loaded, files: list[bytes], options: Options, watch: Stopwatch
) -> tuple[list[list[Prediction] | Bad], File | None]:
    """For each picture, in order, its predictions or what is wrong with it; copies in a ZIP.

    Raises:
        Invalid: the model has no labels in that language.
    """
    labels = labels_of(model, options.language)
    with watch.stage("decode"), ThreadPoolExecutor(AT_ONCE) as readers:
        prepared = list(readers.map(lambda data: _try_prepare(data, model, options), files))
    good = [one[0] for one in prepared if not isinstance(one, Bad)]
    with watch.stage("infer"):
        watch.progress(1, 2)
        rows = iter(_probabilities(model, np.stack(good)) if good else ())
    copies = zipped([None if isinstance(one, Bad) else one[1] for one in prepared])
    return [
        one if isinstance(one, Bad) else _top(next(rows), labels, options) for one in prepared
    ], copies


def _probabilities(model: Loaded, pixels: guest.Pixels) -> Probabilities:
    """From (n, size, size, 3) of 0..255 to (n, classes)."""
    wanted = _input(model.entry)
    factor, offset = map(np.float32, wanted.factor_and_offset)
    pictures = pixels * factor + offset
    if not wanted.mirror:
        return model.engine.probabilities(pictures)  # type: ignore[no-any-return]
    both = np.concatenate([pictures, pictures[:, :, ::-1]])
    return model.engine.probabilities(both).reshape(2, len(pictures), -1).mean(axis=0)  # type: ignore[no-any-return]


def _prepare(data: bytes, model: Loaded, options: Options) -> Prepared:
    wanted = _input(model.entry)
    return guests.call(
        guest.prepare,
        data,
        guest.Crop(wanted.size, wanted.resize, wanted.filter),
        options.max_pixels,
        options.keep,
        seconds=READING_S,
        lost=Unusable("Reading the image takes too much time or memory.", "image_unreadable"),
    )


def _try_prepare(data: bytes, model: Loaded, options: Options) -> Prepared | Bad:
    try:
        return _prepare(data, model, options)
    except (Unusable, TooLarge) as error:
        return error


def _input(entry: Entry) -> Input:
    if entry.input is None:
        raise Unusable("The model %(name)s does not accept images.", name=entry.name)
    return entry.input


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


def _top(row: Probabilities, labels: tuple[Label, ...], options: Options) -> list[Prediction]:
    best = np.argsort(-row, kind="stable")[: options.top_k]
    return [
        Prediction(
            labels[n].class_id,
            labels[n].es if options.language == "es" else labels[n].en,
            float(round(float(row[n]), 6)),
        )
        for n in best
    ]
