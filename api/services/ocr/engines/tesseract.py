"""Tesseract: frugal, exact in print and at home in columns; lost in noise and low contrast."""

import os
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tesserocr

from api.enginekit.catalogue import Entry
from api.services.ocr.engines import Picture, Reading
from api.services.ocr.engines.geometry import Frame, Points, boxes_of
from api.services.ocr.engines.languages import TRAINED, by_language
from api.services.ocr.engines.lines import Part, Piece, arranged
from api.services.ocr.engines.rows import BOTTOM, LEFT, RIGHT, TOP
from api.services.ocr.engines.rules import rules_in

WORD, LINE = tesserocr.RIL.WORD, tesserocr.RIL.TEXTLINE
# A page takes seconds; one that takes longer than this is no page of text.
LONGEST_MS = 20_000
# Gaps of so many heights are wider than those between the words of a justified line.
WIDE = 1.5


class _Word(NamedTuple):
    """A word and its box (left, top, right, bottom) on the upright page."""

    text: str
    confidence: float
    box: Points
    begins_line: bool


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
        """Read the page as it is: Tesseract itself finds out which way is up."""
        height, width = picture.shape[:2]
        pixels = picture.tobytes()
        trained = self._trained[language] if language else self._default
        with self._interface(trained) as api:
            api.SetImageBytes(pixels, width, height, 3, 3 * width)
            done = api.Recognize(LONGEST_MS)
            found = api.GetIterator() if done else None
            if found is None or found.Empty(WORD):
                return Reading(0, ())
            frame = Frame(width, height, quarters=int(found.Orientation()[0]))
            pieces = [_piece(words) for words in _apart(_words(found, frame))]
        rules = rules_in(np.rot90(picture, frame.quarters))
        return Reading(frame.rotation, arranged(pieces, frame, rules))

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


def _words(found: Any, frame: Frame) -> Iterator[_Word]:
    """Words in Tesseract's order, with their boxes on the upright page."""
    for place in tesserocr.iterate_level(found, WORD):
        text = "" if place.Empty(WORD) else place.GetUTF8Text(WORD).strip()
        if text:
            left, top, right, bottom = place.BoundingBox(WORD)
            box = boxes_of(frame.upright(np.array([[left, top], [right, bottom]]))[np.newaxis])[0]
            sure = min(1.0, max(0.0, place.Confidence(WORD) / 100))
            yield _Word(text, sure, box, bool(place.IsAtBeginningOf(LINE)))


def _apart(words: Iterator[_Word]) -> Iterator[list[_Word]]:
    """The words of each line; where the gap is wide, of each part of it.

    What stands far apart may be of two columns, or of one row: that is told by the layout.
    """
    piece: list[_Word] = []
    for word in words:
        height = word.box[BOTTOM] - word.box[TOP]
        if piece and (word.begins_line or word.box[LEFT] - piece[-1].box[RIGHT] > WIDE * height):
            yield piece
            piece = []
        piece.append(word)
    if piece:
        yield piece


def _piece(words: list[_Word]) -> Piece:
    boxes = np.array([word.box for word in words])
    (left, top), (right, bottom) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    shares = (boxes[:, [LEFT, RIGHT]] - left) / max(1.0, right - left)
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)
    parts = (
        Part(word.text, word.confidence, float(begin), float(end))
        for word, (begin, end) in zip(words, shares, strict=True)
    )
    return Piece(corners, tuple(parts))
