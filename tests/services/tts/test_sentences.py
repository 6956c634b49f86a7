"""Where a text is cut."""

import pytest

from api.services.tts.service.document import is_speakable, plain
from api.services.tts.service.sentences import LONGEST, cut


def sentences(text: str) -> list[str]:
    return [text[one.start : one.end] for one in cut(plain(text), "en")]


@pytest.mark.parametrize(
    "text",
    [
        "One.|Two!|Three?|Four",
        "Dr. Smith met J. K. Rowling at 3.5 p.m. on Tuesday.|She left.",
        "“Stop!” he said.|“No.”|Then he left... and stayed.",
        "El Sr. García vive aquí.|¿Qué tal?|¡Bien!|Vd. viene, p. ej. mañana.",
        "You and I.|Next (really?).|Done.",
        "First paragraph\n\n|Second one",
        "你好。|再见！|好",  # noqa: RUF001
        "Version 2.0.1 is at example.com now.|Yes.",
        "What?!|Never...|Ever.",
    ],
)
def test_sentences(text: str) -> None:
    """At each bar, and nowhere else."""
    assert sentences(text.replace("|", " ")) == [part.strip() for part in text.split("|")]


@pytest.mark.parametrize("text", ["... Hello.", "Hello. ...", "Hello.\n\n---\n\n", "!!! Hello."])
def test_what_makes_no_sound_is_no_sentence(text: str) -> None:
    """It goes with its neighbour."""
    assert len(sentences(text)) == 1
    assert "Hello." in sentences(text)[0]


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("word " * 200, " "),
        ("a few words, " * 60, ", "),
        ("and so on; " * 20 + "word " * 50, "; "),
        ("x" * 1000, "x"),
    ],
)
def test_long_sentences_are_cut_further(text: str, ends: str) -> None:
    """At the end of a clause, else between words, else anywhere; nothing is lost."""
    (sentence,) = cut(plain(text), "en")
    contents = [part.piece.content for part in sentence.parts]
    assert "".join(contents) == text.rstrip()
    assert all(len(content) <= LONGEST for content in contents)
    assert contents[0].endswith(ends)
    assert [part.piece.ends_sentence for part in sentence.parts] == [False] * (
        len(contents) - 1
    ) + [True]


def test_accents_are_put_on_their_letters() -> None:
    """And each letter knows where it stood; what cannot be seen or heard is left out."""
    text = "cafe\u0301\u200b\x07\ufeff!"
    document = plain(text)
    assert document.text == "café !"
    found = [text[start:end] for start, end in document.spans]
    assert found == ["c", "a", "f", "e\u0301", "\x07", "!"]


@pytest.mark.parametrize(
    ("text", "yes"),
    [
        ("a", True),
        ("7", True),
        ("%", True),
        ("😀", True),
        ("中", True),
        ("…", False),
        ("\n-", False),
    ],
)
def test_what_makes_a_sound(text: str, yes: bool) -> None:
    """Letters, digits, signs with a name."""
    assert is_speakable(text) is yes
