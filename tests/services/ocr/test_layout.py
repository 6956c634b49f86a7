"""In what order pieces of text are read, as a person would."""

import numpy as np
import pytest

from api.services.ocr.engines.geometry import turned
from api.services.ocr.engines.layout import reading_order

Box = tuple[float, float, float, float]
HEIGHT = 20


def corners(boxes: list[Box]) -> np.ndarray:
    """Boxes (left, top, right, bottom) as (n, 4, 2)."""
    made = [[(a, b), (c, b), (c, d), (a, d)] for a, b, c, d in boxes]
    return np.array(made, np.float64).reshape(-1, 4, 2)


def lines(left: float, right: float, top: float, count: int) -> list[Box]:
    """Lines of text, one below the other."""
    return [(left, top + 30 * n, right, top + 30 * n + HEIGHT) for n in range(count)]


def test_nothing() -> None:
    """A page without text has no rows."""
    assert reading_order(corners([])) == []


def test_rows_go_from_left_to_right() -> None:
    """Names and prices of a bill are read row by row, however they were found."""
    boxes = [(300, 40, 350, 60), (10, 12, 200, 32), (10, 41, 120, 61), (302, 10, 350, 30)]
    assert reading_order(corners(boxes)) == [[1, 3], [2, 0]]


def test_labels_belong_to_their_row() -> None:
    """Short labels on the left of long lines are no column."""
    labels, text = lines(10, 60, 0, 6), lines(90, 500, 0, 6)
    assert reading_order(corners(labels + text)) == [[n, n + 6] for n in range(6)]


def test_columns_are_read_one_after_the_other() -> None:
    """Three columns whose lines stand side by side."""
    boxes = lines(0, 200, 0, 8) + lines(230, 430, 0, 8) + lines(460, 660, 3, 8)
    assert reading_order(corners(boxes)) == [[n] for n in range(24)]


def test_a_heading_across_columns_stands_on_its_own() -> None:
    """What is above it is read before it, and what is below, after."""
    above = lines(0, 200, 0, 3) + lines(230, 430, 0, 3)
    heading = [(50.0, 100.0, 380.0, 130.0)]
    below = lines(0, 200, 150, 3) + lines(230, 430, 150, 3)
    assert reading_order(corners(above + heading + below)) == [[n] for n in range(13)]


def test_columns_under_text_of_full_width() -> None:
    """Columns on a part of a page are found too."""
    boxes = lines(0, 430, 0, 10) + lines(0, 200, 300, 4) + lines(230, 430, 300, 4)
    assert reading_order(corners(boxes)) == [[n] for n in range(18)]


@pytest.mark.parametrize("degrees", [-11, -3, 2, 11])
def test_pages_that_are_askew(degrees: float) -> None:
    """Rows and columns are found on a page that slopes."""
    text = corners(lines(0, 600, 0, 3) + lines(0, 280, 100, 5) + lines(310, 600, 100, 5))
    rows = corners([(0.0, 400.0, 400.0, 420.0), (500.0, 400.0, 560.0, 420.0)])
    slope = turned(np.concatenate([text, rows]), np.radians(degrees))
    assert reading_order(slope) == [*([n] for n in range(13)), [13, 14]]
