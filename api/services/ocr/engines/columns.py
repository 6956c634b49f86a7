"""Whether what stands on both sides of a gutter are columns of text, or cells of the same rows."""

import numpy as np

from api.services.ocr.engines.rows import Places, Texts
from api.services.ocr.engines.side import Side, side_of

# Rows of a table have at most so many lines; in more than this share of them, cells differ. If
# they don't, they may be stanzas, which have at least so many lines.
CELL_LINES, UNEQUAL, STANZA = 6, 0.3, 4
# Two columns of a song differ in their number of lines by at most this share.
ALIKE = 0.6
# A list of which both columns have so many numbers is one.
LISTED = 2
# A table under a title of its own has so many rows, and most of them have several cells.
TABLE_ROWS, SEVERAL = 3, 0.8


def are_columns(texts: Texts, band: list[Places], x: float) -> bool:
    """Tell whether rows that part at x are read column by column."""
    if len(band) < 2:
        return False
    left, right = side_of(texts, band, x, before=True), side_of(texts, band, x, before=False)
    if not len(left) or not len(right):
        return False
    if (left.is_prose and right.is_prose) or _are_songs(left, right):
        return True
    if left.is_prose or right.is_prose:
        prose, other = (left, right) if left.is_prose else (right, left)
        if _stands_apart(prose, other):
            return True
    return _are_addresses(left, right) or _are_titled(left, right) or _is_one_list(left, right)


def are_cells(texts: Texts, blocks: list[list[Places]], x: float) -> bool:
    """Tell whether blocks below each other are rows of a table whose cells have several lines."""
    band = [row for block in blocks for row in block]
    if _is_one_list(side_of(texts, band, x, before=True), side_of(texts, band, x, before=False)):
        return False
    if len(blocks) < 3 or max(map(len, blocks)) > CELL_LINES:
        return False
    counts = np.array([
        [sum((texts.centres[row] <= x).any() for row in block),
         sum((texts.centres[row] > x).any() for row in block)]
        for block in blocks
    ])  # fmt: skip
    unequal = (counts[:, 0] != counts[:, 1]).mean() > UNEQUAL
    return bool(counts.all() and (unequal or counts.max() < STANZA))


def are_ruled_cells(texts: Texts, band: list[Places], x: float) -> bool:
    """Tell whether the rows between two drawn lines are cells of several lines each."""
    left, right = side_of(texts, band, x, before=True), side_of(texts, band, x, before=False)
    several = min(len(left), len(right)) >= 2 and len(band) < CELL_LINES
    return several and any([*left.goes_on, *right.goes_on])


def _are_addresses(left: Side, right: Side) -> bool:
    """Tell whether an address is on the left, and another one or labels with values beside it."""
    if not left.is_address:
        return False
    return right.is_address or (right.has_labels and max(left.cells) == 1)


def _are_songs(left: Side, right: Side) -> bool:
    """Tell whether both sides have about as many lines of words only; labels are fewer."""
    fewer, more = sorted((len(left), len(right)))
    return left.is_wordy and right.is_wordy and fewer >= ALIKE * more


def _is_one_list(left: Side, right: Side) -> bool:
    """Tell whether the numbers of lines on the right go on where those on the left end."""
    numbers = [*left.numbers, *right.numbers]
    enough = min(len(left.numbers), len(right.numbers)) >= LISTED
    return enough and numbers == [*range(numbers[0], numbers[0] + len(numbers))]


def _are_titled(left: Side, right: Side) -> bool:
    """Tell whether each side is a table of its own, with a title above it."""
    both = left.places[0] == right.places[0] == 0 and left.cells[0] == right.cells[0] == 1
    cells = [np.array(side.cells[1:]) for side in (left, right)]
    if not both or min(map(len, cells)) < TABLE_ROWS:
        return False
    return all((many >= 2).mean() > SEVERAL for many in cells) and not right.words[1][:1].isdigit()


def _stands_apart(prose: Side, other: Side) -> bool:
    """Tell whether lines beside running text are no labels of it: they don't stand at its lines."""
    going_on = dict(zip(prose.places, prose.goes_on, strict=True))
    shared = [going_on[place] for place in other.places if place in going_on]
    if len(other) < 2 or other.places == prose.places:
        return False
    if len(shared) < len(other) / 2:
        return True
    return not other.is_narrow and len(other) >= 3 and sum(shared) >= len(shared) / 2
