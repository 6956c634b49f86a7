"""Lines over a page, such as the values of form fields, take their place among its text."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from api.enginekit.pages import Line, Polygon, around
from api.services.ocr.engines.lines import line_of

# Boxes that share so much of the lower one's height stand in one row.
SAME_ROW = 0.5
# A label stands at most so many heights from its value, and has at most so many words.
LONGEST_GAP = 30
LABEL_WORDS = 5


class _Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    @property
    def height(self) -> float:
        return max(1.0, self.bottom - self.top)


Note = tuple[Line, ...]


def unknown(notes: Iterable[Note], lines: Sequence[Line]) -> tuple[Note, ...]:
    """Return the notes that these lines do not say already, in the same place."""
    words = [(_box(word.polygon), word.text) for line in lines for word in line.words]
    new = (tuple(line for line in note if not _said(line, words)) for note in notes)
    return tuple(note for note in new if note)


def _said(note: Line, words: list[tuple[_Box, str]]) -> bool:
    left, top, right, bottom = _box(note.polygon)
    there = "".join(
        text
        for box, text in words
        if left <= (box.left + box.right) / 2 <= right and top <= box.middle <= bottom
    )
    return "".join(note.text.split()) in there


def with_notes(lines: Sequence[Line], notes: Iterable[Note]) -> tuple[Line, ...]:
    """Return the lines with each note in the row of its label, or below what is over it."""
    placed = list(lines)
    for first, *more in notes:
        place = _row(placed, _box(first.polygon))
        if place is None:
            place = _place(placed, _box(first.polygon))
            placed.insert(place, first)
        else:
            placed[place] = _joined(placed[place], first)
        placed[place + 1 : place + 1] = more
    return tuple(placed)


def _row(lines: list[Line], note: _Box) -> int | None:
    """Return the nearest line that stands in one row with the note, and has no word under it."""
    gaps: dict[float, int] = {}
    for n, line in enumerate(lines):
        box = _box(line.polygon)
        if _shared(box, note) > SAME_ROW * min(box.height, note.height):
            gaps[min(_gap(_box(word.polygon), note) for word in line.words)] = n
    near = [gap for gap in gaps if 0 <= gap <= LONGEST_GAP * note.height]
    return gaps[min(near)] if near else None


def _shared(one: _Box, other: _Box) -> float:
    return min(one.bottom, other.bottom) - max(one.top, other.top)


def _gap(one: _Box, other: _Box) -> float:
    """The space between two boxes side by side; below 0 if they overlap."""
    return max(one.left - other.right, other.left - one.right)


def _joined(line: Line, note: Line) -> Line:
    start = _box(note.polygon).left
    before = sum(1 for word in line.words if _box(word.polygon).left < start)
    words = line.words[:before] + note.words + line.words[before:]
    return line_of(words, around(line.polygon, note.polygon))


def _place(lines: list[Line], note: _Box) -> int:
    """Where in the order of the lines a note of its own belongs."""
    boxes = [_box(line.polygon) for line in lines]
    over = [
        (box.middle, n + 1)
        for n, box in enumerate(boxes)
        if box.middle <= note.middle
        and (_gap(box, note) < 0 or _labels(box, note, len(lines[n].words)))
    ]
    if over:
        return max(over)[1]
    below = (n for n, box in enumerate(boxes) if box.middle > note.middle)
    return next(below, len(lines))


def _labels(box: _Box, note: _Box, words: int) -> bool:
    near = 0 <= note.left - box.right <= LONGEST_GAP * note.height
    return near and words <= LABEL_WORDS and note.top - box.bottom < note.height


def _box(polygon: Polygon) -> _Box:
    (left, top), _, (right, bottom), _ = around(polygon)
    return _Box(left, top, right, bottom)
