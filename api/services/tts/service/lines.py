"""Finds the line ends that end a sentence.

Lists, headings, verse and addresses have a sentence on each line. Text that a program wrapped at
a fixed width has not: there a line is as long as it can be without the next line's first word.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from api.services.tts.service.document import Span

Line = re.Match[str]
LINE = re.compile(r"[^\n]+")
# What begins an item of a list: "-", "•", "3.", "(b)", "##", "[x]".
MARKER = re.compile(
    r"""\s*(?: [-*+•‣◦▪·–—] | \#{1,6} | \[[ xX]?\]
      | \(? (?:\d{1,3}|[A-Za-z]) \) | \d{1,3} (?:\.\d{1,3})* [.:] | [ivxIVX]{1,5} [.)] )\s+""",  # noqa: RUF001
    re.VERBOSE,
)
NUMBER = re.compile(r"(?<!\S)(\d{1,2})[.)]\s+(?=\S)")
STOPPED = re.compile(r"[.!?…:。！？؟।][”’\"'»)\]]*\s*$")  # noqa: RUF001
# Programs wrap at 60 to 80 columns, sometimes at 40; a line that is longer is a paragraph.
NARROWEST, USUAL, WIDEST = 40, 60, 120
# Prose has more words on a line than a list of things.
WORDS_OF_PROSE = 3


def blocks(text: str) -> Iterator[Span]:
    """Yield the parts of the text between line ends that end a sentence."""
    for lines in _paragraphs(text):
        paragraph, start = _Paragraph(lines), lines[0].start()
        for line, following in pairwise(lines):
            if not paragraph.goes_on(line[0], following[0]):
                yield from _items(text, start, line.end())
                start = following.start()
        yield from _items(text, start, lines[-1].end())


def _items(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the items of a list within a line, "1. Milk 2. Eggs", or all of it."""
    numbers = list(NUMBER.finditer(text, start, end))
    counted = [int(number[1]) for number in numbers]
    before = text[start : numbers[0].start()].rstrip() if numbers else ""
    is_list = len(numbers) > 1 and counted == list(range(1, len(numbers) + 1))
    if is_list and before[-1:] in ("", ":", "."):
        cuts = [number.start() for number in numbers]
        yield from pairwise([start, *(at for at in cuts if at > start), end])
    else:
        yield start, end


def _paragraphs(text: str) -> Iterator[list[Line]]:
    """Yield the lines between blank lines."""
    lines: list[Line] = []
    for line in LINE.finditer(text):
        if lines and (not line[0].strip() or line.start() > lines[-1].end() + 1):
            yield lines
            lines = []
        if line[0].strip():
            lines.append(line)
    if lines:
        yield lines


class _Paragraph:
    """Lines without a blank one between them, and what they have in common."""

    def __init__(self, lines: list[Line]):
        # A line of one word, such as a URL, says nothing about the width.
        self._width = max(
            (len(one[0].rstrip()) for one in lines if " " in one[0].strip()), default=0
        )
        later = [first for one in lines[1:] if (first := _first_letter(one[0]))]
        enough = 3 if self._width >= USUAL else 1
        self._is_list = len(later) >= enough and all(map(str.isupper, later))
        words = sum(len(one[0].split()) for one in lines)
        stops = any(STOPPED.search(one[0]) for one in lines)
        self._is_prose = stops and words >= WORDS_OF_PROSE * len(lines)

    def goes_on(self, line: str, following: str) -> bool:
        """Return whether the sentence goes on in the following line."""
        if self._is_list or MARKER.match(following):
            return False
        is_full = (
            NARROWEST <= self._width <= WIDEST
            and len(line.rstrip()) + 1 + len(following.split()[0]) > self._width
        )
        first = _first_letter(following)
        if first.islower() and not STOPPED.search(line):
            return is_full or self._is_prose
        return is_full and (not first.isupper() or self._is_prose or self._width >= USUAL)


def _first_letter(line: str) -> str:
    return next((c for c in line if c.isalnum()), "")
