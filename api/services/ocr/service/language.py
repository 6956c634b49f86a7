"""In which language a text is written, as far as that can be told."""

from api.enginekit.language import guess_language

UNDETERMINED = "und"  # ISO 639-2


def language_of(text: str) -> str:
    """Return the code of its language."""
    guess = guess_language(text)
    return guess.language if guess else UNDETERMINED
