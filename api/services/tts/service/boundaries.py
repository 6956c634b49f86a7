"""Finds where sentences end within a block of text.

sentencex does it for some 300 languages. What it gets wrong most often is put right here:
abbreviations that it doesn't know, words that are also abbreviations, and stops inside of words.
"""

import re
from collections.abc import Iterator

from sentencex import get_sentence_boundaries

from api.enginekit.punctuation import CLOSING
from api.services.tts.service.lines import MARKER

# Some minutes of speech. sentencex takes quadratic time for thousands of sentences.
WINDOW = 4000
# Within quotation marks and brackets sentencex finds no sentences; nobody waits for that long.
LONGEST_QUOTE = 300
QUOTES = dict.fromkeys(map(ord, '"“”„«»()[]'), " ")
CLOSED = re.compile(rf"[{CLOSING}]+(?=\s|$)")
OPENING = "¿¡\"'“‘«([—–- "  # noqa: RUF001
TITLES = "mr mrs ms mx dr prof sra srta sras dres dra profa abg d dª dña"
RANKS = "mons cnel tte sgto ilmo excmo excma"
PLACES = "ft mt apt ctra avda depto apdo apdos cía hnos"
BOOKS = "figs eq eqs ch vol vols eds refs pág págs núm núms caps arts párr ibíd"
OTHERS = "cód tít trad i.e e.g p.ej approx aprox lbs tbsp tsp hrs yrs máx mín tel teléf fax a.c d.c"
ABBREVIATIONS = frozenset(f"{TITLES} {RANKS} {PLACES} {BOOKS} {OTHERS}".split())
# Words as well: they are abbreviations if a number follows.
WORDS = "no nos in ed sec art cap para est max min mon tue wed thu fri sat sun"
MONTHS = "jan feb mar apr may jun jul aug sept oct nov dec ene abr ago dic"
BEFORE_NUMBERS = frozenset(f"{WORDS} {MONTHS}".split())
# After these a sentence may end or go on; sentencex thinks that it goes on.
MAY_END = re.compile(rf"(…|\b(?:etc|no|kg|km|cm|mm)\.|[.!?][{CLOSING}]+)\s+")
LAST_WORD = re.compile(r"([\w.]+?)\.\s*$")
INITIAL = re.compile(r"[A-Z]\.")
SHORT = re.compile(r"\w{1,2}|\w+\.[\w.]+")  # "m", "a.m", "i.e"
LOOK = 40  # characters
STOPS = ".,;:!?"
SAME_LANGUAGE = {"cmn": "zh", "yue": "zh", "nb": "no"}


def sentence_ends(text: str, language: str) -> Iterator[int]:
    """Yield where sentences end; the space after a sentence belongs to the next one."""
    # sentencex panics at white space of several bytes.
    text = re.sub(r"\s", " ", text)
    code = language.partition("-")[0].lower()
    start = 0
    for end in _found(text, SAME_LANGUAGE.get(code, code)):
        if end <= start:
            continue
        end = _with_closing(text, end)
        if end == len(text) or not _goes_on(text, start, end):
            yield from _ends_within(text, start, end)
            start = end


def _found(text: str, code: str) -> Iterator[int]:
    start = 0
    while start < len(text):
        window = text[start : start + WINDOW]
        ends = [one["end_index"] for one in get_sentence_boundaries(code, window)]
        if start + WINDOW < len(text) and len(ends) > 1:
            ends.pop()  # it may go on
        previous = 0
        for end in ends:
            if end - previous > LONGEST_QUOTE:
                bare = window[previous:end].translate(QUOTES)
                for inner in get_sentence_boundaries(code, bare):
                    yield start + previous + inner["end_index"]
            else:
                yield start + end
            previous = end
        start += ends[-1]


def _with_closing(text: str, end: int) -> int:
    """Return the end after the brackets and quotation marks that begin there, and a space."""
    closing = CLOSED.match(text, end)
    return min(closing.end() + 1, len(text)) if closing and not text[end - 1].isspace() else end


def _goes_on(text: str, start: int, end: int) -> bool:
    """Return whether what sentencex took for the end of a sentence is not one."""
    before, rest = text[start:end], text[end : end + LOOK]
    sentence = before.rstrip()
    if MARKER.fullmatch(f"{sentence} ") or INITIAL.fullmatch(sentence):
        return True
    if before == sentence and (rest[0] in STOPS or (sentence[-1] in ".?!" and rest[0].isalnum())):
        return True  # within a word, such as a file name, or before its own stop
    word = LAST_WORD.search(before[-LOOK:])
    return _abbreviates(word[1].lower() if word else "", rest) or _small_goes_on(sentence, rest)


def _abbreviates(word: str, rest: str) -> bool:
    """Return whether the word is an abbreviation, by itself and by what follows it."""
    if word in BEFORE_NUMBERS:
        return rest.lstrip()[:1].isdigit()
    # One letter before another: "d. C.", "z. B."
    return word in ABBREVIATIONS or (len(word) == 1 and INITIAL.match(rest.upper()) is not None)


def _small_goes_on(sentence: str, rest: str) -> bool:
    """Return whether a small letter follows, and shows that the sentence is not over."""
    if not rest.lstrip(OPENING)[:1].islower():
        return False
    if sentence.endswith(("...", "…")):
        return True
    if rest.startswith(("¿", "¡")):
        return False
    word = LAST_WORD.search(sentence[-LOOK:])
    return not sentence.endswith(".") or (word is not None and bool(SHORT.fullmatch(word[1])))


def _ends_within(text: str, start: int, end: int) -> Iterator[int]:
    for found in MAY_END.finditer(text, start, end):
        following = text[found.end() : found.end() + LOOK].lstrip('¿¡"“«(')
        if found.end() < end and following[:1].isupper():
            yield found.end(1)
    yield start + len(text[start:end].rstrip())
