"""Where a text is cut, so that its first words are heard while the others are made."""

import itertools

import pytest

from api.services.tts.service.document import plain
from api.services.tts.service.pacing import GROWTH, batches, place_to_cut
from api.services.tts.service.sentences import cut
from api.services.tts.service.ssml import read

LONG = "a river that nobody had crossed in winter when it was full of ice and wood " * 8
TEXTS = {
    "one long sentence": f"We came to {LONG}.",
    "short sentences": "Hi. Yes. I know. So do I. " * 40,
    "short, then long": f"Hi. Then {LONG}.",
    "one word": "a" * 290,
    "many lines": "One line\nof many\n\n" * 30,
    "numbers": "1 000 000 000 000 " * 15,
    "Spanish": "¿Vendrás mañana, o prefieres que vayamos el jueves? " * 9,
    "Chinese": "今天天气很好，我们去公园散步吧，然后回家吃饭。" * 20,  # noqa: RUF001
}


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("It is short.", ""),
        ("I bought bread, cheese and a little fruit for breakfast.", "I bought bread,"),
        ("Well, the windows of the room face a quiet street.", "Well, the windows"),
        ("The ship sailed out of the harbour before the sun.", "The ship sailed"),
        ("Yesterday he paid 20 000 dollars for it.", "Yesterday"),
        ("Please talk to Dr. Smith about the medicine today.", "Please talk"),
        ("The answer is 3, 4 or 5 or perhaps even 6 or 7.", "The answer is 3,"),
        (
            "It is as if he had to go up to the top and look: nothing.",
            "It is as if he had to go up to the top and look:",
        ),
        (
            "Pneumonoultramicroscopicsilicovolcanoconiosis is a word.",
            "Pneumonoultramicroscopicsilicovolcanoconiosis",
        ),
        ("https://example.com/a,b;c:d/and-so-on-and-on/e,f", ""),
        ("今天天气很好，我们去公园散步吧，然后回家吃饭。", "今天天气很好，我们去公园散步吧，"),  # noqa: RUF001
    ],
)
def test_where_a_text_is_cut(text: str, first: str) -> None:
    """After a clause or between words; never in a word, a number or after an abbreviation."""
    assert text[: place_to_cut(text, 20)] == first


@pytest.mark.parametrize("name", TEXTS)
def test_nothing_is_lost_and_nothing_is_late(name: str) -> None:
    """All characters but spaces come once, in order, in batches that take time for GROWTH."""
    text = TEXTS[name]
    made = list(batches(cut(plain(text), "en"), 30))
    parts = [part for batch in made for _, part in batch]
    assert "".join("".join(p.piece.content for p in parts).split()) == "".join(text.split())
    for part in parts:
        assert part.piece.content == "".join(text[at] for at in part.at)
    if name not in ("one word", "numbers"):
        sizes = [sum(len(part.piece.content) for _, part in batch) for batch in made]
        assert sizes[0] <= 30
        for before, size in zip(itertools.accumulate(sizes), sizes[1:], strict=False):
            assert size <= max(30, GROWTH * before)


def test_only_the_last_piece_ends_a_sentence() -> None:
    """The others are spoken as what goes on."""
    made = batches(cut(plain(TEXTS["one long sentence"][:290]), "en"), 30)
    ends = [part.piece.ends_sentence for batch in made for _, part in batch]
    assert len(ends) > 2
    assert ends == [False] * (len(ends) - 1) + [True]


def test_ssml_and_quick_engines_are_left_whole() -> None:
    """SSML cannot be cut anywhere; an engine that is quick enough needs no cut."""
    document = read(f"<speak>We came to {LONG[:280]}</speak>")
    assert len(list(batches(cut(document, "en"), 30))) == 1
    sentences = cut(plain(TEXTS["one long sentence"]), "en")
    parts = [part for batch in batches(sentences, 400) for _, part in batch]
    assert parts == [part for sentence in sentences for part in sentence.parts]
