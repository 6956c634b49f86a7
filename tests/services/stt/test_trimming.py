"""Segments and words begin and end with the speech."""

import pytest

from api.services.stt.engines import Segment, Word
from api.services.stt.service.trimming import trimmed

SPEECH = (0.5, 3.0)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((0.0, 4.0), (0.5, 3.0)),
        ((0.7, 2.0), (0.7, 2.0)),
        ((0.0, 0.4), (0.0, 0.4)),
        ((3.1, 4.0), (3.1, 4.0)),
        ((0.0, 0.6), (0.5, 0.6)),
    ],
)
def test_a_segment(given: tuple[float, float], expected: tuple[float, float]) -> None:
    """Without the silence around it, unless it is all silence: then its times are the engine's."""
    found = trimmed(Segment(*given, "one"), SPEECH)
    assert (found.start, found.end, found.text, found.words) == (*expected, "one", None)


def test_words() -> None:
    """The first and the last word lose the silence, too."""
    words = (Word(0.0, 1.0, "one", 0.9), Word(1.0, 2.0, "two", 0.9), Word(2.0, 3.5, "three", 0.9))
    found = trimmed(Segment(0.0, 3.5, "one two three", words), SPEECH)
    assert found.words is not None
    assert [(word.start, word.end) for word in found.words] == [(0.5, 1.0), (1.0, 2.0), (2.0, 3.0)]
    assert [word.word for word in found.words] == ["one", "two", "three"]
