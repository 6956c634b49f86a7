"""Texts for users and operators use one term for one thing, and the field's own."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from babel.messages.pofile import read_po

from api.config import ROOT

# The terms are image, sandbox process, download, available, URL.
AVOIDED = re.compile(r"\b(pictures?|guests?|visitors?|to be had|stands? in for)\b", re.IGNORECASE)
CODE = re.compile(r"^```.*?^```$|`[^`\n]*`|\]\([^)]*\)", re.MULTILINE | re.DOTALL)
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    ROOT / "models_store" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]


def descriptions(node: Any) -> Iterator[str]:
    """Summaries and descriptions of an OpenAPI document."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("summary", "description") and isinstance(value, str):
                yield value
            else:
                yield from descriptions(value)
    elif isinstance(node, list):
        for value in node:
            yield from descriptions(value)


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_documents(file: Any) -> None:
    """The documents for users, operators and contributors."""
    assert AVOIDED.findall(CODE.sub("", file.read_text())) == []


def test_api() -> None:
    """What Swagger UI shows, and what clients are told."""
    texts = list(descriptions(json.loads((ROOT / "openapi.json").read_text())))
    with (ROOT / "api/translations/es/LC_MESSAGES/messages.po").open("rb") as file:
        texts += [message.id for message in read_po(file) if isinstance(message.id, str)]
    assert len(texts) > 200
    assert [text for text in texts if AVOIDED.search(CODE.sub("", text))] == []
