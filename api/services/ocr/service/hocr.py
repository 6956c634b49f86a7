"""hOCR: lines and words with their places in a page of HTML (kba.github.io/hocr-spec/1.2)."""

from html import escape

from api.enginekit.pages import Line, Polygon, Word, around
from api.services.ocr.service.document import Document, Page

HEAD = """<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" lang="{language}">
<head>
<meta charset="utf-8"/>
<meta name="ocr-system" content="percept {engines}"/>
<meta name="ocr-capabilities" content="ocr_page ocr_line ocrx_word"/>
<title>OCR</title>
</head>
<body>
"""
TAIL = "</body>\n</html>\n"


def hocr(document: Document) -> str:
    """The document as hOCR, which is well-formed XML too."""
    engines = " ".join(sorted({page.engine for page in document.pages}))
    head = HEAD.format(language=escape(document.language), engines=escape(engines))
    return head + "".join(map(_page, document.pages)) + TAIL


def _page(page: Page) -> str:
    title = f"bbox 0 0 {page.width} {page.height}; ppageno {page.number - 1}"
    lines = "".join(_line(line, f"{page.number}_{n}") for n, line in enumerate(page.lines, 1))
    return f'<div class="ocr_page" id="page_{page.number}" title="{title}">\n{lines}</div>\n'


def _line(line: Line, name: str) -> str:
    words = " ".join(_word(word, f"{name}_{n}") for n, word in enumerate(line.words, 1))
    place = _place(line.polygon)
    return f'<span class="ocr_line" id="line_{name}" title="{place}">{words}</span><br/>\n'


def _word(word: Word, name: str) -> str:
    title = f"{_place(word.polygon)}; x_wconf {round(100 * word.confidence)}"
    return f'<span class="ocrx_word" id="word_{name}" title="{title}">{escape(word.text)}</span>'


def _place(polygon: Polygon) -> str:
    (left, top), _, (right, bottom), _ = around(polygon)
    return f"bbox {round(left)} {round(top)} {round(right)} {round(bottom)}"
