"""Reads Markdown: the text that people read aloud, and where each character of it stands.

markdown-it says on which lines a block is, not where its words are. They are looked for in the
source, one after the other, from the end of the one before.
"""

import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from api.services.tts.service.document import Document, Span
from api.services.tts.service.urls import shorten

# Without text_join, escapes and entities keep what they are written as.
PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"]).disable("text_join")
LINE_END = re.compile(r"\r\n|\r|\n")
# What follows the text of a link or an image.
DESTINATION = re.compile(r"\](?:\((?:[^()\\]|\\.|\([^()]*\))*\)|\[[^\]]*\])?")
SPOKEN = ("text", "text_special", "code_inline")
LINE_BREAK = re.compile(r"<br\b", re.IGNORECASE)
TAG = re.compile(r"<[^<>]*>|^\s*<!--.*-->", re.DOTALL)
UNREAD_HTML = re.compile(r"\s*<(?:script|style|!--|!\[|\?)", re.IGNORECASE)


def read_markdown(source: str, *, short_urls: bool) -> Document:
    """Return the text without its markup; each heading, paragraph, item and cell is a sentence."""
    return _Reader(source, short_urls=short_urls).document


class _Reader:
    """Takes the tokens in their order; `_at` is where the text behind the latest one begins."""

    def __init__(self, source: str, *, short_urls: bool):
        self.document = Document(source)
        self._short_urls = short_urls
        self._lines = [0, *(found.end() for found in LINE_END.finditer(source))]
        self._at, self._until = 0, len(source)
        for token in PARSER.parse(source):
            if token.map:
                self._at = max(self._at, self._line(token.map[0]))
                self._until = self._line(token.map[1])
            self._take(token)

    def _line(self, number: int) -> int:
        return self._lines[number] if number < len(self._lines) else len(self.document.source)

    def _take(self, token: Token) -> None:
        if token.type == "list_item_open" and token.info:
            self._add(f"{token.info}{token.markup}")
            self._space(" ")
        elif token.type == "inline":
            self._inline(token.children or [])
            self._end_sentence()
        elif token.type in ("fence", "code_block"):
            self._add_lines(token.content)
        elif token.type == "html_block" and not UNREAD_HTML.match(token.content):
            self._add_lines(TAG.sub("\n", token.content))

    def _inline(self, tokens: Sequence[Token]) -> None:
        for token in tokens:
            if token.type in SPOKEN:
                self._add(token.content, token.markup if token.type == "text_special" else "")
            elif token.type == "html_inline":
                self._skip_html(token.content)
            else:
                self._other_inline(token)

    def _other_inline(self, token: Token) -> None:
        if token.type == "softbreak":
            self._space(" ")
        elif token.type == "hardbreak":
            self._end_sentence()
        elif token.type == "image":
            self._inline(token.children or [])
            self._skip_destination()
        elif token.type == "link_close" and not token.markup:
            self._skip_destination()

    def _add_lines(self, text: str) -> None:
        for line in filter(str.strip, text.splitlines()):
            self._add(line.strip())
            self._end_sentence()

    def _add(self, text: str, written: str = "") -> None:
        """Append text that stands in the source as it is, or as something else."""
        if not text:
            return
        for looks in (written or text, text.replace("|", "\\|")):
            start = self.document.source.find(looks, self._at, self._until)
            if start >= 0:
                spans = _spans(text, looks, start)
                break
        else:  # changed by the parser, such as a decoded URL
            spans = [(self._at, self._at)] * len(text)
        self._at = spans[-1][1]
        self.document.add(*shorten(text, spans) if self._short_urls else (text, spans))

    def _space(self, text: str) -> None:
        self.document.add(text, [(self._at, self._at)] * len(text))

    def _skip_html(self, written: str) -> None:
        start = self.document.source.find(written, self._at, self._until)
        self._at = max(self._at, start + len(written))
        if LINE_BREAK.match(written):
            self._end_sentence()

    def _skip_destination(self) -> None:
        found = DESTINATION.search(self.document.source, self._at, self._until)
        self._at = found.end() if found else self._at

    def _end_sentence(self) -> None:
        self._space("\n\n")
        self.document.ends.add(len(self.document.text))


def _spans(text: str, written: str, start: int) -> list[Span]:
    """Return where each character stands; all of them in one place if written in another way."""
    if written != text:
        return [(start, start + len(written))] * len(text)
    return [(start + n, start + n + 1) for n in range(len(text))]
