"""Letters to sounds for Piper voices, by the eSpeak NG that is part of Piper.

It is told one sentence at a time, and takes the full stop of each abbreviation for the end of one.
"""

import re
import unicodedata
from collections.abc import Sequence

# Around words that are read by the rules of another language.
LANGUAGE = re.compile(r"\([^)]+\)")
NUMBERED = re.compile(r"\s*\d+\.\s")
GOES_ON = (",", ":", ";")
Clause = tuple[str, str, bool]  # sounds, the sign after them, and whether a sentence ends there


def phonemes(voice: str, texts: Sequence[str]) -> list[list[list[str]]]:
    """Return what to say for each text, in the language of an eSpeak voice.

    That is a list of phonemes, or more where a question or exclamation is part of the sentence.
    """
    from piper import espeakbridge
    from piper.phonemize_espeak import EspeakPhonemizer

    EspeakPhonemizer()  # it tells eSpeak where its data is
    espeakbridge.set_voice(voice)
    numbered = [NUMBERED.match(text) is not None for text in texts]
    clauses = map(espeakbridge.get_phonemes, texts)
    return [_sentences(found, first) for found, first in zip(clauses, numbered, strict=True)]


def _sentences(clauses: Sequence[Clause], numbered: bool) -> list[list[str]]:
    sentences, sounds = [], ""
    for n, clause in enumerate(clauses, 1):
        said, sign, ends = clause
        if n < len(clauses):
            sign, ends = _between(sign, ends, numbered and n == 1)
        sounds += LANGUAGE.sub("", said) + sign
        if sign in GOES_ON or not (sign or n == len(clauses)):
            sounds += " "
        if ends or n == len(clauses):
            # Accents are phonemes of their own.
            sentences.append(list(unicodedata.normalize("NFD", sounds)))
            sounds = ""
    return sentences


def _between(sign: str, ends: bool, is_number: bool) -> tuple[str, bool]:
    """Return the sign between two clauses, and whether a sentence ends there."""
    if sign == ".":  # of an abbreviation, or of a number before an item of a list
        return "," if is_number else "", False
    if not sign:  # an ellipsis, or a sign of another script
        return "." if ends else ",", ends
    return sign, ends
