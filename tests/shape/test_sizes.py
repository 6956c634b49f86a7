"""The code stays small, with short files of short functions; so does the README."""

import ast
from pathlib import Path
from statistics import median

from api.config import ROOT

FILES = sorted((ROOT / "api").rglob("*.py"))
LONGEST_FILE, LONGEST_FUNCTION, MEDIAN = 250, 40, 10
LONGEST_README = 150


def functions(file: Path) -> dict[str, int]:
    """The lines of each function, decorators left out."""
    found = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {
        f"{file.relative_to(ROOT)}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, found) and node.end_lineno
    }


def test_files() -> None:
    """No file is longer than can be read at a sitting."""
    lengths = {str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in FILES}
    assert lengths
    assert {name: n for name, n in lengths.items() if n > LONGEST_FILE} == {}


def test_functions() -> None:
    """No function is long, and most are very short."""
    lengths = {name: n for file in FILES for name, n in functions(file).items()}
    assert {name: n for name, n in lengths.items() if n > LONGEST_FUNCTION} == {}
    assert median(lengths.values()) < MEDIAN


def test_readme() -> None:
    """The README can be read in five minutes."""
    assert len((ROOT / "README.md").read_text().splitlines()) <= LONGEST_README
