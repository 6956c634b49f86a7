"""Reads SSML. What it asks for is checked and written anew; what it refers to is never fetched.

Elements of other namespaces, such as those of Amazon and Microsoft, are ignored, and their text is
read. Nothing here can name a file or an address, and there are no entities.
"""

import re
from dataclasses import dataclass
from xml.parsers import expat

from api.errors import N_, Invalid, TooLarge, invalid
from api.services.tts.service import elements
from api.services.tts.service.document import Document, Span
from api.services.tts.service.elements import ELEMENTS, Attributes

NAMESPACE = "http://www.w3.org/2001/10/synthesis"
DOCTYPE = "-//W3C//DTD SYNTHESIS 1."
DEEPEST = 32
LONGEST_PAUSE_S, ALL_PAUSES_S = 10.0, 300.0


def read(source: str) -> Document:
    """Return the document that the SSML describes.

    Raises:
        Invalid: it is not well-formed, or has an element, attribute or value that is not allowed.
        TooLarge: `audio_too_long`: there are too many pauses.
    """
    reader = _Reader(source)
    try:
        reader.feed()
    except expat.ExpatError as error:
        raise invalid(
            "ssml",
            "Must be well-formed XML; see line %(line)s, column %(column)s.",
            line=error.lineno,
            column=error.offset + 1,
        ) from None
    return reader.document


@dataclass(frozen=True)
class _Open:
    """An element that is open, and what holds again after it."""

    name: str
    tags: tuple[str, ...]
    namespaces: dict[str, str]


class _Reader:
    """Receives the parser's events, and keeps what is open."""

    def __init__(self, source: str):
        self.document = Document(source, is_ssml=True)
        self._open: list[_Open] = []
        self._tags: tuple[str, ...] = ()
        self._namespaces = {"": NAMESPACE}
        self._alias = ""
        self._replaced: list[Span] = []
        self._places = _places(source)
        self._in_cdata = False
        # Namespaces are resolved here, because people paste "amazon:effect" without declaring it.
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._data
        self._parser.StartCdataSectionHandler = lambda: self._cdata(begins=True)
        self._parser.EndCdataSectionHandler = lambda: self._cdata(begins=False)
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.SkippedEntityHandler = self._entity

    def feed(self) -> None:
        """Read it all."""
        self._parser.Parse(self.document.source, True)

    @property
    def _name(self) -> str:
        """The innermost element; "" if it is of another namespace, or none is open."""
        return self._open[-1].name if self._open else ""

    @property
    def _is_silent(self) -> bool:
        return self._is_within(*elements.UNSPOKEN)

    def _is_within(self, *names: str) -> bool:
        return any(opened.name in names for opened in self._open)

    def _start(self, tag: str, given: Attributes) -> None:
        before = self._tags, self._namespaces
        self._namespaces = {**self._namespaces, **elements.declared_namespaces(given)}
        prefix, _, name = tag.rpartition(":")
        if self._namespaces.get(prefix) != NAMESPACE:
            name = ""
        attributes = {key: value.strip() for key, value in given.items() if elements.is_ours(key)}
        if not self._is_silent:
            self._check(name, tag, attributes)
            self._enter(name, attributes)
        self._open.append(_Open(name, *before))

    def _enter(self, name: str, attributes: Attributes) -> None:
        """Do what the element asks for where it begins."""
        if name in elements.BLOCKS:
            self._end_sentence()
        elif name == "break":
            self._pause(attributes)
        elif name == "sub":
            self._alias, self._replaced = attributes["alias"], []
        elif name == "speak":
            self.document.language = attributes.get("xml:lang") or None
        self._tags = (*self._tags, *elements.espeak_tags(name, attributes))

    def _end(self, _tag: str) -> None:
        closed = self._open.pop()
        if closed.name in elements.BLOCKS:
            self._end_sentence()
        elif closed.name == "sub" and not self._is_silent:
            here = self._places[self._parser.CurrentByteIndex]
            spans = self._replaced or [(here, here)]
            whole = spans[0][0], spans[-1][1]
            self.document.add(self._alias, [whole] * len(self._alias), self._tags)
        self._tags, self._namespaces = closed.tags, closed.namespaces

    def _data(self, text: str) -> None:
        """Take text, all from one line or one character's name."""
        if self._is_silent:
            return
        if self._name in elements.EMPTY and text.strip():
            raise self._refused(
                N_("%(what)s must be empty (line %(line)s, column %(column)s)."), f"<{self._name}>"
            )
        spans = self._spans(text, self._parser.CurrentByteIndex)
        if self._is_within("sub"):
            self._replaced += spans
            return
        self.document.add(re.sub(r"\s", " ", text), spans, self._tags)

    def _cdata(self, *, begins: bool) -> None:
        self._in_cdata = begins

    def _doctype(
        self, _name: str, _system: str | None, public: str | None, has_subset: bool
    ) -> None:
        if has_subset or not (public or "").startswith(DOCTYPE):
            raise invalid("ssml", "Must not contain a document type or entities.")

    def _entity(self, name: str, _is_parameter: int) -> None:
        # Only with a document type; without one, the parser refuses it by itself.
        raise self._refused(
            N_("%(what)s is not defined (line %(line)s, column %(column)s)."), f"&{name};"
        )

    def _check(self, name: str, tag: str, attributes: Attributes) -> None:
        inside, what = self._name, f"<{tag[:40]}>"
        if len(self._open) >= DEEPEST:
            raise self._refused(
                N_("%(what)s is nested too deeply (line %(line)s, column %(column)s)."), what
            )
        misplaced = (name == "speak") != (not self._open) or inside in elements.EMPTY
        if misplaced or (name and (name not in ELEMENTS or self._is_within(*elements.TEXT_ONLY))):
            wanted = ", ".join(ELEMENTS)
            message = N_(
                "%(what)s is not allowed here (line %(line)s, column %(column)s). "
                "The allowed elements are: %(wanted)s."
            )
            raise self._refused(message, what, wanted=wanted)
        if name:
            self._check_attributes(name, attributes)

    def _check_attributes(self, name: str, attributes: Attributes) -> None:
        allowed = {**ELEMENTS[name], **elements.EVERYWHERE}
        for key, value in attributes.items():
            if key not in allowed:
                message = N_(
                    "%(what)s is not an attribute (line %(line)s, column %(column)s). "
                    "The allowed attributes are: %(wanted)s."
                )
                what, wanted = f"<{name} {key[:40]}>", ", ".join(allowed)
                raise self._refused(message, what, wanted=wanted)
            if not re.fullmatch(allowed[key], value):
                what = f'<{name} {key}="{value[:40]}">'
                raise self._refused(
                    N_(
                        "%(what)s has a value that is not allowed "
                        "(line %(line)s, column %(column)s)."
                    ),
                    what,
                )
        needed = elements.NEEDED.get(name, "")
        if needed and needed not in attributes:
            raise self._refused(
                N_("%(what)s is missing (line %(line)s, column %(column)s)."), f"<{name} {needed}>"
            )

    def _end_sentence(self) -> None:
        self.document.ends.add(len(self.document.text))

    def _pause(self, attributes: Attributes) -> None:
        written = f' strength="{attributes["strength"]}"' if "strength" in attributes else ""
        if time := attributes.get("time"):
            seconds = elements.seconds(time)
            if seconds > LONGEST_PAUSE_S:
                raise self._refused(
                    N_(
                        "%(what)s is longer than %(limit)s seconds "
                        "(line %(line)s, column %(column)s)."
                    ),
                    f'<break time="{time}">',
                    limit=round(LONGEST_PAUSE_S),
                )
            self.document.paused_s += seconds
            written = f' time="{round(seconds * 1000)}ms"'
        if self.document.paused_s > ALL_PAUSES_S:
            raise TooLarge(
                "The pauses are longer than %(limit)s seconds in total.",
                "audio_too_long",
                limit=round(ALL_PAUSES_S),
            )
        at = len(self.document.text)
        pauses = self.document.pauses
        pauses[at] = f"{pauses.get(at, '')}<break{written}/>"

    def _spans(self, text: str, at: int) -> list[Span]:
        first = self._places[at]
        if self.document.source[first] == "&" and not self._in_cdata:
            end = self.document.source.index(";", first) + 1
            return [(first, end)] * len(text)
        return [(first + n, first + n + 1) for n in range(len(text))]

    def _refused(self, message: str, what: str, **values: object) -> Invalid:
        line, column = self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1
        return invalid("ssml", message, what=what, line=line, column=column, **values)


def _places(source: str) -> dict[int, int]:
    """Return the index of the character that begins at each byte of the source in UTF-8."""
    places, at = {}, 0
    for index, character in enumerate(source):
        places[at] = index
        at += len(character.encode())
    return places
