"""Print that is too fine for a detector is noticed, and lines that are too long are cut."""

import numpy as np
from pages import drawn

from api.services.ocr.engines.fineprint import LONGEST_LINE, parts_of, unseen

WORDS = "amber barley candle dolphin ember falcon garnet harbour island jasmine kettle lantern "


def test_a_long_line_is_cut_between_words() -> None:
    """No part is too long, all of the line is in one of them, and no letter is cut."""
    line = np.asarray(drawn([WORDS * 10], (13_500, 40), (5, 2)))
    parts = parts_of(line)
    assert len(parts) > 2
    assert [begin for begin, _ in parts] == [0, *(end for _, end in parts[:-1])]
    assert parts[-1][1] == line.shape[1]
    assert max(end - begin for begin, end in parts) <= LONGEST_LINE * line.shape[0]
    assert all((line[:, end - 3 : end + 3] == 255).all() for _, end in parts[:-1])


def test_other_lines_stay_whole() -> None:
    """A line that is short enough has one part; a drawn one, such as a frame's, has none."""
    assert parts_of(np.asarray(drawn([WORDS], (1500, 40), (5, 2)))) == [(0, 1500)]
    rule = np.full((8, 2000, 3), 255, np.uint8)
    rule[3:5] = 0
    assert parts_of(rule) == []


def test_print_outside_of_all_boxes() -> None:
    """It is a large share of a page, unless there are boxes around it."""
    page = np.asarray(drawn([WORDS] * 9, (1400, 500), (10, 10)))
    box = np.array([[[0, 0], [1400, 0], [1400, 500], [0, 500]]])
    assert unseen(page, box[:0]) > 0.06
    assert unseen(page, box) == 0
    assert unseen(np.full_like(page, 255), box[:0]) == 0
