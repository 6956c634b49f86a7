"""Blocks of text as Tesseract finds them, each in its own direction.

Text across the direction of the page is always read upwards, even if it runs downwards or is a
column of upright numbers. If that makes little sense, such a block is read again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic, thread_time
from typing import Any, NamedTuple

import numpy as np
import tesserocr

from api.errors import Overloaded, PerceptError, Unusable
from api.services.ocr.engines import Picture
from api.services.ocr.engines.geometry import Frame, Points, boxes_of

WORD, LINE, BLOCK = tesserocr.RIL.WORD, tesserocr.RIL.TEXTLINE, tesserocr.RIL.BLOCK
ONE_BLOCK = tesserocr.PSM.SINGLE_BLOCK
TOO_LONG = "reading_took_too_long"
# Blocks across the page are read again if Tesseract is less sure of them than SURE; they are left
# out if it remains less sure than LEAST_SURE. Drawings may have hundreds: MOST_AGAIN are tried.
SURE, LEAST_SURE, MOST_AGAIN = 0.92, 0.6, 12
SLACK = 4  # pixels around a block that is read again


class Limit(NamedTuple):
    """How long a page may take by the clock, the only limit that the library has.

    A page takes a second of work, one of tiny print ten. On a busy machine that takes several
    times as long: a page that was cut off before so much work was done is not to blame.
    """

    clock_s: float = 120.0
    work_s: float = 40.0


LIMIT = Limit()


class Word(NamedTuple):
    """A word and its box in pixels: left, top, right, bottom."""

    text: str
    confidence: float
    box: Points
    begins_line: bool


@dataclass(frozen=True)
class Block:
    """Words of one direction; their boxes are in the picture as it was given.

    Args:
        quarters: how often to turn the picture anticlockwise so that the words are upright.
        across: whether they run across the direction of the page.
    """

    quarters: int
    across: bool
    words: tuple[Word, ...]

    @property
    def sure(self) -> float:
        """The average confidence of the characters."""
        letters = [len(word.text) for word in self.words]
        return float(np.average([word.confidence for word in self.words], weights=letters))

    @property
    def box(self) -> Points:
        """The box around all words."""
        boxes = np.array([word.box for word in self.words])
        return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])


def blocks_of(api: Any, picture: Picture, mode: int, limit: Limit = LIMIT) -> Iterator[Block]:
    """Yield the blocks of a page in Tesseract's order.

    Raises:
        Unusable, Overloaded: `reading_took_too_long`.
    """
    tries = 0
    for block in _read(api, picture, mode, limit):
        if block.across and block.sure < SURE:
            tries += 1
            better = _again(api, picture, block, limit) if tries <= MOST_AGAIN else block
            if better.sure >= LEAST_SURE:
                yield better
        else:
            yield block


def turned(box: Points, frame: Frame) -> Points:
    """Return where a box of a picture is once the picture is turned."""
    (moved,) = boxes_of(frame.upright(box.reshape(1, 2, 2)[0])[np.newaxis])
    return np.asarray(moved)


def _again(api: Any, picture: Picture, block: Block, limit: Limit) -> Block:
    """Return the block as it is read in the direction that Tesseract is most sure of."""
    (left, top), (right, bottom) = block.box.astype(int).reshape(2, 2)
    left, top = max(0, left - SLACK), max(0, top - SLACK)
    part = picture[top : bottom + SLACK, left : right + SLACK]
    height, width = part.shape[:2]
    found = [block]
    for quarters in {0, 1, 2, 3} - {block.quarters}:
        back = Frame(
            *((width, height) if quarters % 2 == 0 else (height, width)), quarters=-quarters
        )
        read = _read(api, np.rot90(part, quarters), ONE_BLOCK, limit)
        corner = np.array([left, top, left, top])
        words = tuple(
            word._replace(box=turned(word.box, back) + corner)
            for block in read
            for word in block.words
        )
        if words:
            found.append(Block(quarters, block.across, words))
    return max(found, key=lambda one: one.sure)


def _read(api: Any, picture: Picture, mode: int, limit: Limit) -> list[Block]:
    height, width = picture.shape[:2]
    api.SetPageSegMode(mode)
    api.SetImageBytes(picture.tobytes(), width, height, 3, 3 * width)
    started, worked = monotonic(), thread_time()
    if not api.Recognize(round(1000 * limit.clock_s)):
        if monotonic() - started < limit.clock_s:
            raise RuntimeError("Tesseract could not read the page")
        raise _took_too_long(thread_time() - worked < limit.work_s)
    found = api.GetIterator()
    return [] if found is None or found.Empty(WORD) else list(_blocks(found))


def _took_too_long(busy: bool) -> PerceptError:
    if busy:
        return Overloaded("The server is busy; reading the page took too long.", TOO_LONG)
    return Unusable("Reading the page takes too long.", TOO_LONG)


def _blocks(found: Any) -> Iterator[Block]:
    quarters, across, words = 0, False, list[Word]()
    for place in tesserocr.iterate_level(found, WORD):
        if place.IsAtBeginningOf(BLOCK):
            if words:
                yield Block(quarters, across, tuple(words))
            quarters, across, words = *_direction(place), []
        text = "" if place.Empty(WORD) else place.GetUTF8Text(WORD).strip()
        if text:
            sure = min(1.0, max(0.0, place.Confidence(WORD) / 100))
            box = np.array(place.BoundingBox(WORD), np.float64)
            words.append(Word(text, sure, box, bool(place.IsAtBeginningOf(LINE))))
    if words:
        yield Block(quarters, across, tuple(words))


def _direction(place: Any) -> tuple[int, bool]:
    """Return the quarters of a block, and whether it runs across the page."""
    orientation, writing, _, _ = place.Orientation()
    downwards = writing == tesserocr.WritingDirection.TOP_TO_BOTTOM
    across = downwards or place.BlockType() == tesserocr.PT.VERTICAL_TEXT
    return (int(orientation) + downwards) % 4, across
