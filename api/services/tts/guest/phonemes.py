"""Letters to sounds for Piper voices, by the eSpeak NG that is part of Piper."""

from collections.abc import Sequence


def phonemes(voice: str, texts: Sequence[str]) -> list[list[list[str]]]:
    """For each text its sentences, each a list of phonemes, in the language of an eSpeak voice."""
    from piper.phonemize_espeak import EspeakPhonemizer

    phonemizer = EspeakPhonemizer()
    return [phonemizer.phonemize(voice, text) for text in texts]
