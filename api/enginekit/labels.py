"""The class labels of a classifier, in any of the forms they come in."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from api.errors import Unusable


@dataclass(frozen=True)
class Label:
    """One class: a stable id, its English name and, where there is one, its Spanish name."""

    class_id: str
    en: str
    es: str = ""


def read_labels(file: Path, spanish: Path | None = None) -> list[Label]:
    """The labels in the order of the network's outputs; `spanish` holds {class_id: name}.

    The file is a JSON list of strings or of {"class_id", "en", "es"?}, Keras's ImageNet class
    index {"0": [wnid, name], ...}, or a text with one label a line.

    Raises:
        OSError: a file cannot be opened.
        Unusable: `labels_broken`: a file is in no such form, or names a class twice.
    """
    try:
        labels = _from_text(file.read_text("utf-8"))
        names = json.loads(spanish.read_text("utf-8")) if spanish else {}
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        raise _broken(file, "it is not in a form that is known") from None
    if not labels or len({label.class_id for label in labels}) < len(labels):
        raise _broken(file, "it is empty or names a class twice")
    return [replace(label, es=names.get(label.class_id, label.es)) for label in labels]


def write_labels(file: Path, labels: list[Label]) -> None:
    """Writes the labels as a JSON list of objects."""
    file.write_text(json.dumps([asdict(label) for label in labels], ensure_ascii=False), "utf-8")


def _from_text(text: str) -> list[Label]:
    if text.lstrip()[:1] not in ("[", "{"):
        return [_label(line.strip()) for line in text.strip().splitlines()]
    data = json.loads(text)
    if isinstance(data, dict):  # the ImageNet class index
        pairs = [data[str(number)] for number in range(len(data))]
        return [Label(wnid, name.replace("_", " ")) for wnid, name in pairs]
    return [_label(item) for item in data]


def _label(item: Any) -> Label:
    label = Label(item, item) if isinstance(item, str) else Label(**item)
    if not all(isinstance(text, str) for text in asdict(label).values()):
        raise TypeError("a label is text")
    if not label.class_id or not label.en:
        raise ValueError("a label is empty")
    return label


def _broken(file: Path, reason: str) -> Unusable:
    return Unusable(
        "The labels in %(file)s are invalid: %(reason)s.",
        code="labels_broken",
        file=file.name,
        reason=reason,
    )
