"""Reads documents: opens them page by page, reads each, and writes the text in other formats."""

from api.services.ocr.guest import Limits, is_pdf
from api.services.ocr.service.choice import AUTO, CHOICES, Readers, readers
from api.services.ocr.service.document import Document, Page
from api.services.ocr.service.hocr import hocr
from api.services.ocr.service.reading import copy, read
from api.services.ocr.service.searchable import searchable

__all__ = [
    "AUTO",
    "CHOICES",
    "Document",
    "Limits",
    "Page",
    "Readers",
    "copy",
    "hocr",
    "is_pdf",
    "read",
    "readers",
    "searchable",
]
