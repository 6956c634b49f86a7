"""Whether a text looks like one: words of a language, or figures, rather than shuffled signs."""

import re
import unicodedata
from pathlib import Path

CHINESE = frozenset(
    "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之"
)
KANA = re.compile(r"[\u3040-\u30ff]")
# Of these a wrong table of letters hardly makes whole words, and no engine here reads them.
OTHER_SCRIPTS = re.compile(r"[\u0530-\u0dff\u0e00-\u0fff\u10a0-\u18af\uac00-\ud7af\ufb1d-\ufefc]")
HAN = re.compile(r"[\u3400-\u9fff]")
WORD = re.compile(r"[^\W\d_]{2,}")
# Shorter texts cannot be judged.
LEAST_SIGNS = 25
MOST_PUNCTUATION = 0.35
# With more digits, it is a table or an identifier.
TABLE = 0.3
# A text of so many signs has more than so many kinds of letters.
FEWEST_KINDS = 6
# The share of different words that are common: prose has 0.11 and more, shuffled letters 0.05.
# So many more are chance.
LEAST_COMMON, BY_CHANCE = 0.07, 1.5
# The letters that make two thirds of European texts, and a third of shuffled ones. One in a hundred
# shuffled texts has so many of them, and as many vowels, and those in nearly all longer words.
USUAL, LEAST_USUAL = frozenset("eainortsl"), 0.58
VOWELS, VOWEL_SHARES = frozenset("aeiou"), (0.28, 0.55)
SOUNDED, LEAST_SPOKEN = frozenset("aeiouy"), 0.85
# Of small and capital letters in disorder, a text has few words.
MOST_ODD = 0.15
LEAST_CHINESE = 0.05


def plain(text: str) -> str:
    """Return a text in lower case, without accents."""
    parts = unicodedata.normalize("NFD", text.lower())
    return "".join(sign for sign in parts if not unicodedata.combining(sign))


def _common_words() -> tuple[frozenset[str], ...]:
    lines = Path(__file__).with_name("common_words.txt").read_text(encoding="utf-8").splitlines()
    return tuple(frozenset(plain(line).split()[1:]) for line in lines)


COMMON = _common_words()


def is_plausible(text: str, least_common: float = 0) -> bool:
    """Return whether a text is too short to tell, in a known script and language, or of figures.

    Lists of codes are not plausible: look at the page.

    Args:
        text: the text.
        least_common: the share of all its words that must be common, if there is such a limit.
    """
    signs = "".join(text.split())
    if len(signs) < LEAST_SIGNS:
        return True
    letters = sum(unicodedata.category(sign)[0] in "LM" for sign in signs)
    digits = sum(map(str.isdigit, signs))
    if len(signs) - letters - digits > MOST_PUNCTUATION * len(signs):
        return False
    if len(OTHER_SCRIPTS.findall(signs)) > 0.5 * letters or KANA.search(signs):
        return True
    if (han := HAN.findall(signs)) and len(han) > 0.5 * letters:
        return sum(sign in CHINESE for sign in han) >= LEAST_CHINESE * len(han)
    return digits > TABLE * len(signs) or _makes_words(text, least_common)


def common_share(text: str) -> float:
    """Return the largest share of words that are among the commonest of one language."""
    words = WORD.findall(plain(text))
    return max(sum(word in common for word in words) for common in COMMON) / max(1, len(words))


def _makes_words(text: str, least_common: float) -> bool:
    words = WORD.findall(text)
    odd = sum(not (word.islower() or word.isupper() or word[1:].islower()) for word in words)
    if len(set("".join(words))) < FEWEST_KINDS or odd > MOST_ODD * len(words):
        return False
    if least_common:
        return common_share(text) >= least_common
    return _has_usual_letters(plain(text)) or _has_common_words(plain(text))


def _has_common_words(text: str) -> bool:
    words = set(WORD.findall(text))
    count = max(len(words & common) for common in COMMON)
    return count >= LEAST_COMMON * len(words) + BY_CHANCE


def _has_usual_letters(text: str) -> bool:
    """Return whether letters are as frequent as in Latin scripts, also in names and tables."""
    letters = [sign for sign in text if "a" <= sign <= "z"]
    usual, vowels = (sum(sign in few for sign in letters) for few in (USUAL, VOWELS))
    spoken = [any(sign in SOUNDED for sign in word) for word in WORD.findall(text) if word[2:]]
    return (
        usual >= LEAST_USUAL * max(LEAST_SIGNS, len(letters))
        and VOWEL_SHARES[0] * len(letters) <= vowels <= VOWEL_SHARES[1] * len(letters)
        and sum(spoken) >= LEAST_SPOKEN * len(spoken)
    )
