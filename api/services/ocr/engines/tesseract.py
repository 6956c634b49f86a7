"""Tesseract: frugal, exact in print and at home in columns; lost in noise and low contrast."""

import os
import queue
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tesserocr

from api.enginekit.catalogue import Entry
from api.services.ocr.engines import Picture, Reading
from api.services.ocr.engines.blocks import Block, Word, blocks_of, turned
from api.services.ocr.engines.directions import Directions, reading_of
from api.services.ocr.engines.geometry import Frame
from api.services.ocr.engines.languages import TRAINED, by_language
from api.services.ocr.engines.lines import Part, Piece
from api.services.ocr.engines.rows import BOTTOM, LEFT, RIGHT, TOP

# Gaps of so many heights are wider than those between the words of a justified line.
WIDE = 1.5


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
        osd = (folder / f"osd{TRAINED}").exists()
        self._mode = tesserocr.PSM.AUTO_OSD if osd else tesserocr.PSM.AUTO
        self._idle: queue.LifoQueue[_Seat] = queue.LifoQueue()
        for _ in range(os.cpu_count() or 1):
            self._idle.put(_Seat())

    def warm_up(self) -> None:
        """Make the first interface and read an empty page."""
        self.read(np.full((64, 64, 3), 255, np.uint8))

    def read(self, picture: Picture, language: str | None = None) -> Reading:
        """Read the page as it is: Tesseract itself finds out which way is up."""
        height, width = picture.shape[:2]
        pieces: Directions = defaultdict(list)
        with self._interface(self._trained[language] if language else self._default) as api:
            for block in blocks_of(api, picture, self._mode):
                frame = Frame(width, height, quarters=block.quarters)
                pieces[block.quarters] += map(_piece, _apart(block, frame))
        return reading_of(pieces, Frame(width, height), picture)

    @contextmanager
    def _interface(self, trained: str) -> Iterator[Any]:
        """An interface of one's own for these trained data; waits where all are taken."""
        seat = self._idle.get()
        try:
            if seat.api is None:
                seat.api = tesserocr.PyTessBaseAPI(init=False)
            if seat.trained != trained:
                seat.trained = ""
                seat.api.Init(path=f"{self._folder}/", lang=trained, psm=self._mode)
                seat.trained = trained
            yield seat.api
        finally:
            if seat.trained:
                seat.api.Clear()
            self._idle.put(seat)


def _apart(block: Block, frame: Frame) -> Iterator[list[Word]]:
    """The words of each line, upright; where the gap is wide, of each part of it.

    What stands far apart may be of two columns, or of one row: that is told by the layout.
    """
    piece: list[Word] = []
    for word in (word._replace(box=turned(word.box, frame)) for word in block.words):
        height = word.box[BOTTOM] - word.box[TOP]
        if piece and (word.begins_line or word.box[LEFT] - piece[-1].box[RIGHT] > WIDE * height):
            yield piece
            piece = []
        piece.append(word)
    if piece:
        yield piece


def _piece(words: list[Word]) -> Piece:
    boxes = np.array([word.box for word in words])
    (left, top), (right, bottom) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    shares = (boxes[:, [LEFT, RIGHT]] - left) / max(1.0, right - left)
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)
    parts = (
        Part(word.text, word.confidence, float(begin), float(end))
        for word, (begin, end) in zip(words, shares, strict=True)
    )
    return Piece(corners, tuple(parts))
