"""The text of a document."""

from dataclasses import dataclass

from api.enginekit.pages import Line
from api.services.ocr.service.language import language_of

# The engine of pages whose text was in the file.
TEXT_LAYER = "text_layer"


@dataclass(frozen=True)
class Page:
    """The lines of a page in reading order, with polygons in its pixels.

    Attributes:
        rotation: degrees (0, 90, 180 or 270) to turn the page clockwise so that it is upright.
        added: the lines, or parts of them, that the text layer of the page does not have.
    """

    number: int
    width: int
    height: int
    rotation: int
    engine: str
    lines: tuple[Line, ...]
    added: tuple[Line, ...] = ()

    @property
    def keeps_text(self) -> bool:
        """Whether the text layer of the page is of use."""
        return self.engine == TEXT_LAYER or self.added != self.lines

    @property
    def text(self) -> str:
        """The lines, one below the other."""
        return "\n".join(line.text for line in self.lines)


@dataclass(frozen=True)
class Document:
    """The pages of a document; `asked`: the language it was read in, if one was named."""

    pages: tuple[Page, ...]
    asked: str | None = None

    @property
    def text(self) -> str:
        """The text of all pages, with a form feed between them."""
        return "\f".join(page.text for page in self.pages)

    @property
    def language(self) -> str:
        """The language that was asked for, else the one that the text is in."""
        return self.asked or language_of(self.text)

    @property
    def engine(self) -> str | None:
        """The engine that has read most of the pages; None where all had a text layer."""
        read = [page.engine for page in self.pages if page.engine != TEXT_LAYER]
        return max(set(read), key=read.count) if read else None
