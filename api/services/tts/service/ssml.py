"""Reads SSML: a few elements whose attributes are checked; all else is refused, not skipped.

What the synthesiser gets is written anew from what was understood. Nothing here can name a file
or an address, and there are no document types, so no entities either.
"""

import re
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from api.errors import Invalid, TooLarge, invalid
from api.services.tts.service.document import Document, Span

NAMESPACE = "{http://www.w3.org/2001/10/synthesis}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
DEEPEST = 32
LONGEST_PAUSE_S, ALL_PAUSES_S = 10.0, 300.0
STRENGTHS = "none|x-weak|weak|medium|strong|x-strong"
# Elements, their attributes, and what these may be.
ELEMENTS: dict[str, dict[str, str]] = {
    "speak": {"version": r"1\.[01]", LANG: "[A-Za-z0-9-]{1,35}"},
    "p": {},
    "s": {},
    "break": {"strength": STRENGTHS, "time": r"(\d{1,5}ms|\d{1,2}(\.\d{1,3})?s)"},
    "prosody": {
        "rate": r"x-slow|slow|medium|fast|x-fast|\d{2,3}%|[+-]\d{1,2}%",
        "pitch": r"x-low|low|medium|high|x-high|[+-]\d{1,2}%",
        "volume": "silent|x-soft|soft|medium|loud|x-loud",
    },
    "emphasis": {"level": "strong|moderate|none|reduced"},
    "say-as": {"interpret-as": "characters|digits|telephone"},
    "sub": {"alias": r"[^<>&]{1,200}"},
    "mark": {"name": r"[\w.-]{1,64}"},
}
NEEDED = {"say-as": "interpret-as", "sub": "alias", "mark": "name"}
# eSpeak spells digits one by one only under its own name for that.
SAID = {"characters": "characters", "digits": "tts:char", "telephone": "tts:char"}
BLOCKS = ("p", "s")
ALONE = ("break", "mark")


def read(source: str) -> Document:
    """The document that the SSML describes.

    Raises:
        Invalid: it is not well-formed, or holds an element or attribute that is not allowed.
        TooLarge: `audio_too_long`: there are too many pauses.
    """
    reader = _Reader(source)
    try:
        reader.feed()
    except DefusedXmlException:
        raise invalid("ssml", "Must not contain a document type or entities.") from None
    except ParseError as error:
        line, column = error.position
        raise invalid(
            "ssml",
            "Must be well-formed XML; see line %(line)s, column %(column)s.",
            line=line,
            column=column,
        ) from None
    return reader.document


class _Reader:
    """Receives the parser's events, and keeps what is open."""

    def __init__(self, source: str):
        self.document = Document(source, is_ssml=True)
        self._open: list[str] = []
        self._tags: tuple[str, ...] = ()
        self._alias: str | None = None
        self._places = _places(source)
        self._parser = DefusedXMLParser(target=self, forbid_dtd=True)
        # Text comes line by line, so that each bit's place is known.
        self._parser.parser.buffer_text = False
        self._in_cdata = False
        self._parser.parser.StartCdataSectionHandler = lambda: self._cdata(begins=True)
        self._parser.parser.EndCdataSectionHandler = lambda: self._cdata(begins=False)

    def feed(self) -> None:
        """Read it all."""
        self._parser.feed(self.document.source)
        self._parser.close()

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        name = tag.removeprefix(NAMESPACE)
        self._check(name, attributes)
        self._open.append(name)
        if name in BLOCKS:
            self._end_sentence()
        elif name == "break":
            self._pause(attributes)
        elif name == "sub":
            self._alias = attributes["alias"]
        elif name == "say-as":
            self._enter(f'<say-as interpret-as="{SAID[attributes["interpret-as"]]}">')
        elif name in ("prosody", "emphasis"):
            written = "".join(f' {key}="{value}"' for key, value in attributes.items())
            self._enter(f"<{name}{written}>")
        elif name == "speak":
            self.document.language = attributes.get(LANG)

    def end(self, _tag: str) -> None:
        """The innermost element ends."""
        name = self._open.pop()
        if name in BLOCKS:
            self._end_sentence()
        elif name == "sub":
            self._alias = None
        elif name in ("prosody", "emphasis", "say-as"):
            self._tags = self._tags[:-1]

    def data(self, text: str) -> None:
        """Text, all from one line or one character's name."""
        if self._open[-1] in ALONE:
            raise _refused(f"<{self._open[-1]}>")
        at = self._parser.parser.CurrentByteIndex
        spans = self._spans(text, at)
        if self._alias is not None:
            whole = (spans[0][0], spans[-1][1])
            text, spans, self._alias = self._alias, [whole] * len(self._alias), ""
        self.document.add(re.sub(r"\s", " ", text), spans, self._tags)

    def close(self) -> None:
        """There is no more."""

    def _cdata(self, *, begins: bool) -> None:
        self._in_cdata = begins

    def _check(self, name: str, attributes: dict[str, str]) -> None:
        inside = self._open[-1] if self._open else ""
        misplaced = (name == "speak") != (not inside) or inside in (*ALONE, "sub", "say-as")
        if name not in ELEMENTS or misplaced or len(self._open) >= DEEPEST:
            raise _refused(f"<{name[:40]}>")
        for key, value in attributes.items():
            allowed = ELEMENTS[name].get(key)
            if allowed is None or not re.fullmatch(allowed, value):
                raise _refused(f'<{name} {key.rpartition("}")[2][:40]}="{value[:40]}">')
        if NEEDED.get(name, "") not in ("", *attributes):
            raise _refused(f"<{name}>")

    def _enter(self, tag: str) -> None:
        self._tags = (*self._tags, tag)

    def _end_sentence(self) -> None:
        self.document.ends.add(len(self.document.text))

    def _pause(self, attributes: dict[str, str]) -> None:
        seconds = _seconds(attributes.get("time", ""))
        written = f' time="{round(seconds * 1000)}ms"' if "time" in attributes else ""
        if "strength" in attributes and not written:
            written = f' strength="{attributes["strength"]}"'
        self.document.paused_s += seconds
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


def _places(source: str) -> dict[int, int]:
    """The index of the character that begins at each byte of the source in UTF-8."""
    places, at = {}, 0
    for index, character in enumerate(source):
        places[at] = index
        at += len(character.encode())
    return places


def _seconds(time: str) -> float:
    if not time:
        return 0.0
    seconds = float(time.removesuffix("ms")) / 1000 if time.endswith("ms") else float(time[:-1])
    if seconds > LONGEST_PAUSE_S:
        raise _refused(f'<break time="{time}">')
    return seconds


def _refused(what: str) -> Invalid:
    return invalid(
        "ssml",
        "%(what)s is not allowed here. The allowed elements are: %(wanted)s.",
        what=what,
        wanted=", ".join(ELEMENTS),
    )
