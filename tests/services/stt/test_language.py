"""The language of a recording is named where it was found out, and nowhere else."""

import pytest

from api.services.stt.engines import Heard, Segment
from api.services.stt.service.language import Language, language_of


def piece(text: str, language: str, sure: float) -> Heard:
    return Heard(language, (Segment(0.0, 1.0, text),), 0.9, sure)


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        ([], Language("und", "no_speech")),
        ([piece("Good morning.", "en", 0.9)], Language("en", "detected", 0.9)),
        ([piece("Uno menashe.", "en", 0.2)], Language("und", "uncertain")),
        ([piece("OK.", "en", 0.1), piece("x" * 97, "en", 1.0)], Language("en", "detected", 0.973)),
        ([piece("Hola.", "es", 1.0), piece("x" * 95, "en", 1.0)], Language("en", "detected", 0.95)),
        ([piece("x" * 50, "es", 0.9), piece("x" * 50, "en", 0.9)], Language("und", "uncertain")),
    ],
    ids=["nothing", "sure", "unsure", "mostly sure", "mostly one", "two"],
)
def test_the_language_of_most_words(heard: list[Heard], expected: Language) -> None:
    """If it is sure; longer pieces count for more."""
    assert language_of(heard, None) == expected


def test_what_was_asked_for() -> None:
    """The client knows better."""
    assert language_of([piece("Hola.", "es", 0.2)], "es") == Language("es", "requested")
    assert language_of([], "es") == Language("es", "requested")
