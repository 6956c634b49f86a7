"""Nothing is left behind: no notes to oneself, no debugging, no large files, no dead links."""

import ast
import fnmatch
import os
import re
from collections.abc import Iterator
from pathlib import Path

from api.config import ROOT

LARGEST = 5_000_000
IGNORED = [line.strip("/") for line in (ROOT / ".gitignore").read_text().split() if line[0] != "#"]
# Written apart, or this file would be a finding itself.
NOTES = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")


def ignored(name: str) -> bool:
    return name == ".git" or any(fnmatch.fnmatch(name, pattern) for pattern in IGNORED)


def files() -> Iterator[Path]:
    """The files of the project: all that .gitignore does not name."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if not ignored(name)]
        yield from (Path(folder, name) for name in names if not ignored(name))


def test_no_notes_to_oneself() -> None:
    """What is to be done is done, or written down where others see it."""
    found = []
    for file in files():
        if file.suffix in (".py", ".md", ".toml", ".js", ".html", ".po", ".cfg", ".yml", ".sh", ""):
            lines = file.read_text().splitlines()
            found += [f"{file}:{n}" for n, line in enumerate(lines, 1) if NOTES.search(line)]
    assert found == []


def test_no_printing() -> None:
    """The server logs and the commands echo; nobody prints or breaks into a debugger."""
    found = []
    for file in files():
        if file.suffix == ".py" and file.is_relative_to(ROOT / "api"):
            for node in ast.walk(ast.parse(file.read_text())):
                name = getattr(getattr(node, "func", None), "id", "")
                if name in ("print", "breakpoint", "pprint"):
                    found.append(f"{file}:{node.lineno}")
    assert found == []


def test_no_large_files() -> None:
    """Models are pulled; only the small embedded one is part of the project."""
    assert [str(file) for file in files() if file.stat().st_size > LARGEST] == []


def test_nothing_empty_or_stray() -> None:
    """No empty files, editors' copies or rejected patches."""
    stray = (".orig", ".rej", ".bak", ".swp", "~", ".log", ".tmp")
    found = [file for file in files() if file.name.endswith(stray) or not file.stat().st_size]
    assert [str(file) for file in found if file.name != "py.typed"] == []
