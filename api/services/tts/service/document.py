"""A text to be read aloud, character by character, with where each stands in what was sent."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

Span = tuple[int, int]
JOINERS = "\u200c\u200d"  # Persian needs one, families of emoji the other
WHITE = "\t\n\r\v\f\x85\u2028\u2029"
# Letters, digits and symbols are spoken, and of the punctuation only this.
SPOKEN = "LNS"
SPOKEN_SIGNS = "%&@#*/\\§¶†‰"


@dataclass
class Document:
    """What is spoken, in characters, and beside each of them what is known of it.

    `spans` is where each stands in the source; `tags` are the SSML elements around it, outermost
    first; `pauses` holds SSML to put before the character of that index; at each index in
    `ends` a sentence has ended, whatever the punctuation says.
    """

    source: str
    is_ssml: bool = False
    text: str = ""
    spans: list[Span] = field(default_factory=list)
    tags: list[tuple[str, ...]] = field(default_factory=list)
    pauses: dict[int, str] = field(default_factory=dict)
    paused_s: float = 0.0
    ends: set[int] = field(default_factory=set)
    language: str | None = None

    def add(self, text: str, spans: Iterable[Span], tags: tuple[str, ...] = ()) -> None:
        """Append characters, cleaned and composed."""
        added = []
        for cluster, span in _clusters(text, spans):
            added.append(cluster)
            self.spans += [span] * len(cluster)
        self.text += "".join(added)
        self.tags += [tags] * (len(self.text) - len(self.tags))


def plain(text: str) -> Document:
    """A text without markup."""
    document = Document(text)
    document.add(text, ((n, n + 1) for n in range(len(text))))
    return document


def is_speakable(text: str) -> bool:
    """Whether there is anything in it that makes a sound."""
    return any(c in SPOKEN_SIGNS or unicodedata.category(c)[0] in SPOKEN for c in text)


def _clusters(text: str, spans: Iterable[Span]) -> Iterable[tuple[str, Span]]:
    """Each letter with the accents after it, as few characters as can be, and its span."""
    letters, first, last = "", 0, 0
    for character, (start, end) in zip(text, spans, strict=True):
        if letters and unicodedata.combining(character):
            letters, last = letters + character, end
            continue
        if letters:
            yield unicodedata.normalize("NFC", letters), (first, last)
        letters, first, last = _clean(character), start, end
    if letters:
        yield unicodedata.normalize("NFC", letters), (first, last)


def _clean(character: str) -> str:
    """The character, a space for a control character, or nothing for what has no sound or sight."""
    if character in "\n ":
        return character
    if character in WHITE or unicodedata.category(character) == "Cc":
        return " "
    if unicodedata.category(character).startswith("C") and character not in JOINERS:
        return ""
    return character
