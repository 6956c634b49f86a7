"""Finds the line ends that end a sentence.

Lists, headings, verse and addresses have a sentence on each line. Text that a program wrapped at
a fixed width has not: there a line is as long as it can be without the next line's first word.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from api.enginekit.punctuation import CLOSING, STOPS, WIDE_STOPS
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
STOPPED = re.compile(rf"[{STOPS}:{WIDE_STOPS}][{CLOSING}]*\s*$")
NUMBERED = re.compile(r"\s*\(?(\d{1,3})[.)]\s")
# In mail, ">" stands before each line of what is quoted.
QUOTED = re.compile(r"^\s*(?:>\s?)+")
# Programs wrap at 60 to 80 columns, sometimes at 40; a line that is longer is a paragraph.
NARROWEST, USUAL, WIDEST = 36, 60, 120
BY_HAND = 0.7
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

    def __init__(self, matches: list[Line]):
        lines = [QUOTED.sub("", match[0]) for match in matches]
        # A line of one word, such as a URL, says nothing about the width.
        self._width = max((len(one.rstrip()) for one in lines if " " in one.strip()), default=0)
        self._numbers = {int(found[1]) for one in lines if (found := NUMBERED.match(one))}
        later = [first for one in lines[1:] if (first := _first_letter(one))]
        in_capitals = "".join(lines).isupper()
        enough = 3 if self._width >= USUAL else 1
        self._is_list = len(later) >= enough and all(map(str.isupper, later)) and not in_capitals
        words = sum(len(one.split()) for one in lines)
        stops = any(STOPPED.search(one) for one in lines)
        self._is_prose = stops and words >= WORDS_OF_PROSE * len(lines)
        # Where most lines begin with a small letter, people have wrapped them, less exactly.
        is_wrapped = 2 * sum(map(str.islower, later)) >= len(later)
        self._full = self._width * (BY_HAND if is_wrapped else 1)

    def goes_on(self, line: str, following: str) -> bool:
        """Return whether the sentence goes on in the following line."""
        line, following = QUOTED.sub("", line), QUOTED.sub("", following)
        is_full = (
            NARROWEST <= self._width <= WIDEST
            and len(line.rstrip()) + 1 + len(following.split()[0]) > self._full
        )
        if self._is_list or self._is_item(following, is_full=is_full):
            return False
        first = _first_letter(following)
        if first.islower() and not STOPPED.search(line):
            return is_full or self._is_prose
        return is_full and (not first.isupper() or self._is_prose or self._width >= USUAL)

    def _is_item(self, line: str, *, is_full: bool) -> bool:
        """Return whether an item of a list begins there, and not a number within a sentence."""
        number = NUMBERED.match(line)
        if number and is_full:
            return number[1] == "1" or int(number[1]) - 1 in self._numbers
        return MARKER.match(line) is not None


def _first_letter(line: str) -> str:
    return next((c for c in line if c.isalnum()), "")
