"""The lines of text on one side of a gutter, and what they look like: prose, labels, an address."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from api.services.ocr.engines.rows import BOTTOM, LEFT, RIGHT, TOP, Boxes, Places, Texts

# Pieces in one row whose distance is less than so many heights belong to the same line.
NEAR = 1.5
# Lines of a paragraph follow each other in at most so many heights.
PITCH = 2.2
# In running text at least this share of the lines goes on with what the line before began.
GOING_ON = 0.35
# Where no line begins with a capital, small letters say nothing: there, lines must be full.
FULL = 0.8
# Between words, there is a space of so many heights.
SPACE = 0.2
# Text is justified if lines are so many times wider than high, and the ends of this share of them
# are within so many heights. Fewer lines look so by chance.
WIDE, JUSTIFIED, EDGE, LINES = 5.5, 0.6, 0.5, 5
# Verse has so many words in a line, and this share of its lines ends with one of these.
WORDS, VERSE, STOPS = 3, 0.5, (",", ".", ";", ":", "!", "?", "-", "»", '"')
# Songs without marks at the ends of lines have more words than that, and so many lines.
MANY = 8
# Numbers of lines and marks of lists are narrower than so many heights.
NARROW = 3.0
# How labels and questions end, and in what share of the lines.
LABEL_ENDS, LABELS = (":", "?", "..", "…"), 0.34
NUMBER = re.compile(r"[\[(]?(\d{1,3})[\]).]+(?!\d)")
# An address has so many lines, which follow each other in so many heights.
ADDRESS_LINES, ADDRESS_PITCH = range(3, 8), 2.0


@dataclass(frozen=True)
class Side:
    """The lines next to a gutter: their boxes, their texts, in which row of the band each is.

    `rows` are the boxes around all that stands on their side of the gutter, in `cells` lines.
    """

    boxes: Boxes
    words: tuple[str, ...]
    places: tuple[int, ...]
    rows: Boxes
    cells: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.places)

    @cached_property
    def goes_on(self) -> list[bool]:
        """Whether each line goes on with a sentence or a word of the line before."""
        full = self.full
        if not self.has_capitals and np.mean(full) < FULL:
            return [False] * len(self)
        return [False, *(self._follows(n) and full[n - 1] for n in range(1, len(self)))]

    @property
    def full(self) -> list[bool]:
        """Whether there is no space in each line but the last for the first word of the next."""
        ends = self.boxes[:, RIGHT]
        edge = np.percentile(ends, 90)
        widths = ends - self.boxes[:, LEFT]
        firsts = [len(text.split(" ")[0]) / max(1, len(text)) for text in self.words]
        return [
            bool(ends[n] + widths[n + 1] * firsts[n + 1] + SPACE * self.heights[n] > edge)
            for n in range(len(self) - 1)
        ]

    def _follows(self, line: int) -> bool:
        """Whether a line is close to the one before it, and begins within its sentence."""
        height = self.heights[line - 1 : line + 1].min()
        near = self.boxes[line, TOP] - self.boxes[line - 1, TOP] <= PITCH * height
        return bool(near) and _continues(self.words[line - 1], self.words[line])

    @cached_property
    def is_prose(self) -> bool:
        """Whether these are lines of running text."""
        if len(self) < 2 or self.has_labels:
            return False
        words = np.median([len(text.split()) for text in self.words])
        if sum(self.goes_on) >= GOING_ON * (len(self) - 1) and words >= 2:
            return True
        return self.is_justified or (self.is_verse and words >= WORDS)

    @property
    def is_verse(self) -> bool:
        """Whether most lines end with a mark of punctuation."""
        stops = sum(text.endswith(STOPS) for text in self.words)
        return len(self) >= LINES and stops >= VERSE * len(self)

    @property
    def heights(self) -> Boxes:
        """The heights of the lines."""
        return self.boxes[:, BOTTOM] - self.boxes[:, TOP]

    @property
    def has_capitals(self) -> bool:
        """Whether lines begin with a capital."""
        return any(_first(text).isupper() for text in self.words)

    @property
    def is_justified(self) -> bool:
        """Whether, in a script without capitals, most lines are wide and end at one edge."""
        letters = [c for text in self.words for c in text if c.isalpha()]
        if any(c.islower() or c.isupper() for c in letters) or len(letters) < len(self):
            return False
        height = float(np.median(self.heights))
        ends = np.abs(np.median(self.boxes[:, RIGHT]) - self.boxes[:, RIGHT]) < EDGE * height
        wide = self.width >= WIDE * height and len(self) >= LINES
        return bool(wide and ends.mean() >= JUSTIFIED)

    @property
    def width(self) -> float:
        """The median width of the lines."""
        return float(np.median(self.boxes[:, RIGHT] - self.boxes[:, LEFT]))

    @property
    def is_narrow(self) -> bool:
        """Whether these are numbers of lines or marks of a list."""
        widths = self.rows[:, RIGHT] - self.rows[:, LEFT]
        return float(np.median(widths)) < NARROW * float(np.median(self.heights))

    @property
    def has_labels(self) -> bool:
        """Whether lines end as labels and questions do."""
        ends = sum(text.rstrip().endswith(LABEL_ENDS) for text in self.words)
        return ends >= LABELS * len(self)

    @property
    def is_wordy(self) -> bool:
        """Whether these are many lines of several words each, without numbers and labels."""
        if len(self) < MANY or self.has_labels or any(c.isdigit() for c in "".join(self.words)):
            return False
        return bool(np.median([len(text.split()) for text in self.words]) > WORDS)

    @cached_property
    def numbers(self) -> list[int]:
        """The numbers that lines begin with, as those of a list do."""
        return [int(found[1]) for text in self.words if (found := NUMBER.match(text))]

    @property
    def is_address(self) -> bool:
        """Whether these are a few lines, some with numbers among words and some without."""
        numbered = [any(c.isdigit() for c in text) for text in self.words]
        lettered = [sum(c.isalpha() for c in text) >= 3 for text in self.words]
        pitch = np.diff(self.boxes[:, TOP]) / np.median(self.heights)
        tight = len(self) > 1 and bool((pitch <= ADDRESS_PITCH).all())
        return len(self) in ADDRESS_LINES and tight and all(lettered) and len({*numbered}) == 2


def side_of(texts: Texts, band: list[Places], x: float, *, before: bool) -> Side:
    """Return the lines next to a gutter, one of each row that has something on that side."""
    lines, rows, places, cells = [], [], [], []
    for place, row in enumerate(band):
        left = texts.centres[row] <= x
        these = row[left] if before else row[~left]
        if len(these):
            found = _lines(texts, these)
            lines.append(found[-1] if before else found[0])
            rows.append(these)
            places.append(place)
            cells.append(len(found))
    words = tuple(" ".join(texts.words[n] for n in line).strip() for line in lines)
    return Side(_around(texts, lines), words, tuple(places), _around(texts, rows), tuple(cells))


def _around(texts: Texts, groups: Sequence[Places]) -> Boxes:
    """Return the box around each group of pieces."""
    boxes = [texts.boxes[group] for group in groups]
    found = [np.concatenate([box[:, :2].min(axis=0), box[:, 2:].max(axis=0)]) for box in boxes]
    return np.array(found).reshape(-1, 4)


def _lines(texts: Texts, row: Places) -> list[Places]:
    """Return the pieces of a row in groups that follow each other closely."""
    spaces = texts.boxes[row[1:], LEFT] - texts.boxes[row[:-1], RIGHT]
    far = spaces > NEAR * np.minimum(texts.heights[row[1:]], texts.heights[row[:-1]])
    return np.split(row, np.flatnonzero(far) + 1)


def _continues(before: str, line: str) -> bool:
    """Tell whether a line goes on within a sentence or a word."""
    return _first(line).islower() or before.endswith("-")


def _first(line: str) -> str:
    return next((c for c in line if c.isalnum()), "")
