"""In what order pieces of text are read, as a person would."""

from collections.abc import Sequence

import numpy as np
import pytest
from drawing import LAYOUTS
from layouts import drawn

from api.services.ocr.engines.geometry import turned
from api.services.ocr.engines.layout import reading_order

Box = tuple[float, float, float, float]
HEIGHT = 20
PROSE = ("The ferry left at dawn with", "forty crates of apples and", "came back without them.")
LABELS = ("Name of the insured person", "Place and date of issue", "Number of the policy")
VALUES = ("Mary Elizabeth Holloway", "Bristol, 14 March 2026", "QX 77193 B, second copy")


def corners(boxes: Sequence[Box]) -> np.ndarray:
    """Boxes (left, top, right, bottom) as (n, 4, 2)."""
    made = [[(a, b), (c, b), (c, d), (a, d)] for a, b, c, d in boxes]
    return np.array(made, np.float64).reshape(-1, 4, 2)


def lines(left: float, right: float, top: float, count: int) -> list[Box]:
    """Lines of text, one below the other."""
    return [(left, top + 30 * n, right, top + 30 * n + HEIGHT) for n in range(count)]


def order(
    boxes: Sequence[Box] | np.ndarray, words: Sequence[str], rules: Sequence[Box] = ()
) -> list[list[int]]:
    """The rows in which these pieces are read; the words are repeated as needed."""
    pieces = boxes if isinstance(boxes, np.ndarray) else corners(boxes)
    said = [words[n % len(words)] for n in range(len(pieces))] if words else []
    ends = np.array([[(a, b), (c, d)] for a, b, c, d in rules]).reshape(-1, 2, 2)
    return reading_order(pieces, said, range(len(pieces)), ends)


def test_nothing() -> None:
    """A page without text has no rows."""
    assert order([], []) == []


@pytest.mark.parametrize("kind", sorted(LAYOUTS))
def test_pages_of_many_layouts(kind: str) -> None:
    """Forms, tables, lists, columns and what stands beside them are read as a person reads them."""
    page = drawn(kind, 1)
    words = [text for text, _ in page.pieces]
    rows = order([box for _, box in page.pieces], words, page.rules)
    assert " ".join(words[n] for row in rows for n in row) == " ".join(page.text)


def test_rows_go_from_left_to_right() -> None:
    """Names and prices of a bill are read row by row, however they were found."""
    boxes = [(300, 40, 350, 60), (10, 12, 200, 32), (10, 41, 120, 61), (302, 10, 350, 30)]
    assert order(boxes, ["7.50", "Oak table", "Door mat", "98.00"]) == [[1, 3], [2, 0]]


def test_columns_are_read_one_after_the_other() -> None:
    """Three columns whose lines stand side by side."""
    boxes = lines(0, 200, 0, 9) + lines(230, 430, 0, 9) + lines(460, 660, 3, 9)
    assert order(boxes, PROSE) == [[n] for n in range(27)]


def test_a_heading_across_columns_stands_on_its_own() -> None:
    """What is above it is read before it, and what is below, after."""
    above = lines(0, 200, 0, 3) + lines(230, 430, 0, 3)
    heading = [(50.0, 100.0, 380.0, 130.0)]
    below = lines(0, 200, 150, 3) + lines(230, 430, 150, 3)
    words = [*PROSE, *PROSE, "A long dry summer", *PROSE, *PROSE]
    assert order(above + heading + below, words) == [[n] for n in range(13)]


def test_columns_under_text_of_full_width() -> None:
    """Columns on a part of a page are found too."""
    boxes = lines(0, 430, 0, 9) + lines(0, 200, 300, 6) + lines(230, 430, 300, 6)
    assert order(boxes, PROSE) == [[n] for n in range(21)]


def test_wide_labels_belong_to_their_values() -> None:
    """A form whose labels and values are as wide as columns is read row by row."""
    boxes = lines(0, 250, 0, 9) + lines(300, 520, 0, 9)
    words = [LABELS[n % 3] for n in range(9)] + [VALUES[n % 3] for n in range(9)]
    assert order(boxes, words) == [[n, n + 9] for n in range(9)]


def test_lines_between_rows_make_a_table() -> None:
    """With drawn lines, even running text on both sides is read cell by cell."""
    left, right = lines(0, 200, 0, 9), lines(230, 430, 0, 9)
    rules = [(0.0, 85.0 + 90 * n, 430.0, 85.0 + 90 * n) for n in range(2)]
    cells = [range(3), range(9, 12), range(3, 6), range(12, 15), range(6, 9), range(15, 18)]
    assert order(left + right, PROSE, rules) == [[n] for cell in cells for n in cell]


def test_words_of_one_line_are_no_columns() -> None:
    """Spaces that stand below each other in three lines of justified text are no gutter."""
    boxes = lines(0, 200, 0, 3) + lines(206, 430, 0, 3)
    rows = reading_order(corners(boxes), [*PROSE, *PROSE], [0, 1, 2] * 2, np.empty((0, 2, 2)))
    assert rows == [[0, 3], [1, 4], [2, 5]]


def test_lines_found_across_a_narrow_gutter_are_divided() -> None:
    """Where the detector took two columns for one, a strip without ink in all lines parts them."""
    boxes = lines(0, 200, 0, 9) + lines(208, 430, 0, 9)
    rows = reading_order(corners(boxes), PROSE * 6, [*range(9)] * 2, np.empty((0, 2, 2)))
    assert rows == [[n] for n in range(18)]


@pytest.mark.parametrize("degrees", [-11, -3, 2, 11])
def test_pages_that_are_askew(degrees: float) -> None:
    """Rows and columns are found on a page that slopes."""
    text = corners(lines(0, 600, 0, 3) + lines(0, 280, 100, 6) + lines(310, 600, 100, 6))
    rows = corners([(0.0, 400.0, 400.0, 420.0), (500.0, 400.0, 560.0, 420.0)])
    slope = turned(np.concatenate([text, rows]), np.radians(degrees))
    words = [*(PROSE * 5), "Total amount payable", "98.00"]
    assert order(slope, words) == [*([n] for n in range(15)), [15, 16]]


def test_a_list_goes_on_in_the_second_column() -> None:
    """Two columns whose numbers go on are read one after the other, however short the lines."""
    boxes = lines(0, 200, 0, 4) + lines(230, 430, 0, 4)
    assert order(boxes, [f"{n}. Apples" for n in range(1, 9)]) == [[n] for n in range(8)]


def test_a_song_in_two_columns() -> None:
    """Lines of words that all begin with capitals are columns if there are many on both sides."""
    boxes = lines(0, 300, 0, 9) + lines(330, 630, 0, 9)
    assert order(boxes, ["Over the hill the moon is rising"]) == [[n] for n in range(18)]


def test_figures_are_no_columns() -> None:
    """A timetable is read row by row."""
    boxes = lines(0, 200, 0, 6) + lines(230, 430, 0, 6)
    assert order(boxes, ["06:00 07:00 08:15"]) == [[n, n + 6] for n in range(6)]


def test_a_line_far_below_belongs_to_no_column() -> None:
    """The foot of a page is read after both columns, even if it stands below the first."""
    boxes = [*lines(0, 200, 0, 6), *lines(230, 430, 0, 6), (0.0, 400.0, 150.0, 420.0)]
    words = [*PROSE * 4, "Journal of Coastal Studies"]
    assert order(boxes, words) == [[n] for n in range(13)]


def test_figures_that_hang_below_the_line() -> None:
    """An amount whose figures are lower than the words beside it stands in their row."""
    boxes = [(0, 0, 70, 17), (300, 7, 340, 22), (0, 43, 70, 60), (300, 50, 340, 65)]
    assert order(boxes, ["Linseed oil", "33.05", "Door mat", "84.79"]) == [[0, 1], [2, 3]]
