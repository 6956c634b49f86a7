"""Readers of pages that say what they were shown; made as the real ones are."""

from pathlib import Path

import numpy as np

from api.enginekit.catalogue import Entry
from api.enginekit.pages import Line, Polygon, Word
from api.services.ocr.engines import Picture, Reading


class FakeReader:
    """Says how large and of which colour the picture is, in one line across all of it."""

    def __init__(self, folder: Path, entry: Entry):
        self.name = next(iter(entry.engines))
        self.languages = entry.languages
        self.asked: list[str | None] = []

    def warm_up(self) -> None:
        """There is nothing to warm up."""

    def read(self, picture: Picture, language: str | None = None) -> Reading:
        """One line of three words, not too sure: the engine, the size, the mean colour."""
        self.asked.append(language)
        height, width = picture.shape[:2]
        colour = np.round(picture.mean(axis=(0, 1))).astype(int)
        words = (self.name, f"<{width}x{height}>", "/".join(map(str, colour)))
        third = width / 3
        parts = tuple(
            Word(text, 0.8, box(n * third, 0, (n + 1) * third, height))
            for n, text in enumerate(words)
        )
        return Reading(0, (Line(" ".join(words), 0.8, box(0, 0, width, height), parts),))


def box(left: float, top: float, right: float, bottom: float) -> Polygon:
    """The corners of an upright box."""
    return (left, top), (right, top), (right, bottom), (left, bottom)
