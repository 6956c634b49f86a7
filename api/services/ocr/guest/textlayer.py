"""The text that a page of a PDF file already has, with the places of its words."""

import string
from collections.abc import Iterable, Iterator

from api.enginekit.pages import Line, Word
from api.services.ocr.guest.letters import Letter, parts
from api.services.ocr.guest.projection import Projection

# Fonts that do not tell their letters give signs without a meaning.
MOST_MEANINGLESS = 0.2
PRIVATE = range(0xE000, 0xF900)
# No space within a word is so many times wider than its letters are high.
WIDEST_GAP = 1.5


def lines_of(letters: Iterable[Letter], to_pixels: Projection) -> tuple[Line, ...]:
    """Return the lines in the order of their letters."""
    lines = (_line(group, to_pixels) for group in parts(letters, "\r\n"))
    return tuple(line for line in lines if line)


def means_something(letters: Iterable[Letter]) -> bool:
    """Return whether most of the letters are characters that a reader knows."""
    signs = [letter.sign for letter in letters if not letter.sign.isspace()]
    meaningless = sum(1 for sign in signs if not _is_known(sign))
    return bool(signs) and meaningless <= MOST_MEANINGLESS * len(signs)


def _is_known(sign: str) -> bool:
    return sign.isprintable() and sign != "\ufffd" and ord(sign) not in PRIVATE


def _line(letters: list[Letter], to_pixels: Projection) -> Line | None:
    groups = (
        apart for group in parts(letters, string.whitespace + "\xa0") for apart in _far_apart(group)
    )
    words = tuple(word for group in groups if (word := _word(group, to_pixels)))
    if not words:
        return None
    box = to_pixels.around([letter.box for letter in letters if not letter.sign.isspace()])
    return Line(" ".join(word.text for word in words), 1.0, box, words)


def _far_apart(letters: list[Letter]) -> Iterator[list[Letter]]:
    """Yield the words of texts on one height, between which pdfium sees no space if it is wide."""
    _, bottoms, _, tops = zip(*(letter.box for letter in letters), strict=True)
    widest, start = WIDEST_GAP * (max(tops) - min(bottoms)), 0
    for n in range(1, len(letters)):
        if letters[n].box[0] - letters[n - 1].box[2] > widest:
            yield letters[start:n]
            start = n
    yield letters[start:]


def _word(letters: list[Letter], to_pixels: Projection) -> Word | None:
    # What is no character by itself (half of a pair, a control sign) cannot be told in JSON.
    joined = "".join(letter.sign for letter in letters).encode("utf-16", "surrogatepass")
    text = "".join(sign for sign in joined.decode("utf-16", "ignore") if sign.isprintable())
    return Word(text, 1.0, to_pixels.around([letter.box for letter in letters])) if text else None
