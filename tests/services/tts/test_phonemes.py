"""What Piper voices are told to say: a sentence at a time, with its pauses in their places."""

# ruff: noqa: RUF001 - phonemes look like letters

import pytest

from api.enginekit import guests
from api.errors import NotReady
from api.services.tts.guest import phonemes

LOST = NotReady("lost")


def said(*texts: str) -> list[list[str]]:
    """The phonemes of each text, sentence by sentence, as strings."""
    found = guests.call(phonemes, "en-us", texts, seconds=20, lost=LOST)
    return [["".join(sentence) for sentence in sentences] for sentences in found]


@pytest.mark.parametrize("text", ["Mr. Smith", "No. 5", "J. R. R. Tolkien", "St. Mary", "p. 3 f."])
def test_the_stop_of_an_abbreviation_is_not_heard(text: str) -> None:
    """Within a sentence there is no end of a sentence, where voices fall and pause."""
    (sentences,) = said(f"I saw {text} there.")
    assert len(sentences) == 1
    assert sentences[0].endswith(".")
    assert "." not in sentences[0][:-1]


@pytest.mark.parametrize("sign", ["...", "…", "，", "、"])
def test_a_pause_stays_a_pause(sign: str) -> None:
    """Words on both sides of an ellipsis, or of a comma of another script, are not one word."""
    ((sentence,),) = said(f"Well{sign} I do")
    assert sentence == "wˈɛl, aɪ dˈuː"


def test_signs_that_are_kept() -> None:
    """Clauses, questions within a sentence, numbers of lists; and no language switches."""
    clauses, question, item, foreign, nothing = said(
        "One; two: three, four - five.", "“Really?” he asked.", "2. Milk", "The word été.", "---"
    )
    assert [[c for c in sentence if c in ",;:.?"] for sentence in clauses] == [[";", ":", ",", "."]]
    assert [sentence[-1] for sentence in question] == ["?", "."]
    assert item == ["tˈuː, mˈɪlk"]
    assert "(" not in foreign[0]
    assert nothing == [""]


def test_a_text_that_goes_on() -> None:
    """A piece that ends with a comma keeps it; one that ends between two words gets nothing."""
    assert said("I see,", "I see") == [["aɪ sˈiː, "], ["aɪ sˈiː"]]
