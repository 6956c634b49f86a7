"""Tesseract: frugal, exact in print and at home in columns; lost in noise and low contrast."""

import os
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tesserocr

from api.enginekit.catalogue import Entry
from api.enginekit.pages import Line, Polygon, Word
from api.services.ocr.engines import Picture, Reading
from api.services.ocr.engines.languages import TRAINED, by_language
from api.services.ocr.engines.lines import line_of

WORD, LINE = tesserocr.RIL.WORD, tesserocr.RIL.TEXTLINE
# A page takes seconds; one that takes longer than this is no page of text.
LONGEST_MS = 20_000


@dataclass
class _Seat:
    """A place for one thread; the interface is made when somebody first needs it."""

    api: Any = None
    trained: str = ""


class TesseractReader:
    """A folder of trained data and a few interfaces to it, since each serves one thread."""

    def __init__(self, folder: Path, entry: Entry):
        self._folder = folder
        self._trained = by_language(folder)
        self.languages = tuple(self._trained)
        known = [
            self._trained[language] for language in entry.languages if language in self.languages
        ]
        self._default = "+".join(known)
        self._idle: queue.LifoQueue[_Seat] = queue.LifoQueue()
        for _ in range(os.cpu_count() or 1):
            self._idle.put(_Seat())

    def warm_up(self) -> None:
        """Make the first interface and read an empty page."""
        self.read(np.full((64, 64, 3), 255, np.uint8))

    def read(self, picture: Picture, language: str | None = None) -> Reading:
        """Read the page as it is: Tesseract itself finds columns and which way is up."""
        height, width = picture.shape[:2]
        pixels = picture.tobytes()
        trained = self._trained[language] if language else self._default
        with self._interface(trained) as api:
            api.SetImageBytes(pixels, width, height, 3, 3 * width)
            done = api.Recognize(LONGEST_MS)
            found = api.GetIterator() if done else None
            if found is None or found.Empty(WORD):
                return Reading(0, ())
            quarters = int(found.Orientation()[0])
            lines = tuple(_lines(found, quarters))
        return Reading(-90 * quarters % 360, lines)

    @contextmanager
    def _interface(self, trained: str) -> Iterator[Any]:
        """An interface of one's own for these trained data; waits where all are taken."""
        seat = self._idle.get()
        try:
            if seat.api is None:
                seat.api = tesserocr.PyTessBaseAPI(init=False)
            if seat.trained != trained:
                osd = (self._folder / f"osd{TRAINED}").exists()
                mode = tesserocr.PSM.AUTO_OSD if osd else tesserocr.PSM.AUTO
                seat.trained = ""
                seat.api.Init(path=f"{self._folder}/", lang=trained, psm=mode)
                seat.trained = trained
            yield seat.api
        finally:
            if seat.trained:
                seat.api.Clear()
            self._idle.put(seat)


def _lines(found: Any, quarters: int) -> Iterator[Line]:
    """The lines in Tesseract's order; some hold nothing."""
    words: list[Word] = []
    polygon = _polygon(found.BoundingBox(LINE), quarters)
    for place in tesserocr.iterate_level(found, WORD):
        if place.IsAtBeginningOf(LINE):
            if words:
                yield line_of(tuple(words), polygon)
            words, polygon = [], _polygon(place.BoundingBox(LINE), quarters)
        if not place.Empty(WORD) and (text := place.GetUTF8Text(WORD).strip()):
            sure = min(1.0, max(0.0, place.Confidence(WORD) / 100))
            words.append(Word(text, sure, _polygon(place.BoundingBox(WORD), quarters)))
    if words:
        yield line_of(tuple(words), polygon)


def _polygon(box: tuple[int, int, int, int], quarters: int) -> Polygon:
    """The corners of a box from where its text begins, on a page turned clockwise by quarters."""
    left, top, right, bottom = map(float, box)
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    one, two, three, four = (*corners[quarters:], *corners[:quarters])
    return one, two, three, four
