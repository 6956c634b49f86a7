"""What a reader of pages must do, which ones there are, and which one reads a page."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from api.config import Settings
from api.enginekit.catalogue import Entry
from api.enginekit.pages import Line

# (height, width, 3): red, green, blue
Picture = NDArray[np.uint8]

ENGINES = {
    "rapidocr": "api.services.ocr.engines.rapidocr:RapidReader",
    "tesseract": "api.services.ocr.engines.tesseract:TesseractReader",
}


@dataclass(frozen=True)
class Reading:
    """The lines of a page in reading order, with polygons in pixels of the picture given.

    `rotation`: degrees (0, 90, 180 or 270) to turn the picture clockwise so that it is upright.
    """

    rotation: int
    lines: tuple[Line, ...]

    @property
    def confidence(self) -> float:
        """The mean confidence of the lines, the longer ones counting for more; 0 without any."""
        lengths = [len(line.text) for line in self.lines]
        confidences = [line.confidence for line in self.lines]
        return float(np.average(confidences, weights=lengths)) if self.lines else 0.0


class Reader(Protocol):
    """A recogniser in memory; made with the model's folder and its catalogue entry.

    May be used from many threads at once. `languages`: what it reads, as ISO 639-1 codes.
    """

    languages: tuple[str, ...]

    def __init__(self, folder: Path, entry: Entry): ...

    def warm_up(self) -> None:
        """Read once, so that the first request does not pay for it."""

    def read(self, picture: Picture, language: str | None = None) -> Reading:
        """What is written in the picture, in any direction; in this language if one is named.

        Raises:
            Unusable, Overloaded: `reading_took_too_long`. Never is this an empty page.
        """


def chooser(_settings: Settings) -> Callable[[Entry], str]:
    """Every model here is of one engine; which model reads a page is the service's choice."""
    return lambda entry: next(iter(entry.engines))
