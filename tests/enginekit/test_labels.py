"""Labels: every form they come in, and what is refused."""

import json
from pathlib import Path

import pytest

from api.enginekit.installed import BUILTIN
from api.enginekit.labels import Label, read_labels, write_labels
from api.errors import Unusable

CAT_DOG = [Label("cat", "cat"), Label("dog", "dog")]


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ('["cat", "dog"]', CAT_DOG),
        ("cat\n dog \n\n", CAT_DOG),
        ('[{"class_id": "c", "en": "cat", "es": "gato"}]', [Label("c", "cat", "gato")]),
        (
            '{"0": ["n1", "big_cat"], "1": ["n2", "dog"]}',
            [Label("n1", "big cat"), Label("n2", "dog")],
        ),
    ],
)
def test_every_form_is_read(tmp_path: Path, text: str, labels: list[Label]) -> None:
    """JSON names, text lines, JSON objects and Keras's class index."""
    file = tmp_path / "labels"
    file.write_text(text)
    assert read_labels(file) == labels
    write_labels(file, labels)
    assert read_labels(file) == labels


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", "[1]", '["a", "a"]', '{"0": "x"}', '{"1": ["a", "b"]}', '[{"en": "x"}]',
     '[{"class_id": "x", "en": 3}]', '[{"class_id": "x", "en": "y", "fr": "z"}]', '["a", ""]'],
)  # fmt: skip
def test_what_is_no_list_of_labels(tmp_path: Path, text: str) -> None:
    """Empty, doubled, half-filled or foreign files are refused by name."""
    file = tmp_path / "labels.txt"
    file.write_text(text)
    with pytest.raises(Unusable, match=r"labels\.txt"):
        read_labels(file)


def test_spanish_names_are_laid_over(tmp_path: Path) -> None:
    """A file {class_id: name} fills `es`, and leaves what it does not name."""
    labels, spanish = tmp_path / "labels.txt", tmp_path / "es.json"
    labels.write_text("cat\ndog")
    spanish.write_text(json.dumps({"dog": "perro"}))
    assert read_labels(labels, spanish) == [Label("cat", "cat"), Label("dog", "dog", "perro")]


def test_the_embedded_labels_are_whole() -> None:
    """Ten classes, each with an English and a Spanish name."""
    labels = read_labels(BUILTIN / "everyday_10" / "labels.json")
    assert len(labels) == 10
    assert all(label.en and label.es for label in labels)
