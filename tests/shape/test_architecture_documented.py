"""docs/architecture.md names what there is."""

import re

from api.config import ROOT

TEXT = (ROOT / "docs" / "architecture.md").read_text()


def test_files_of_http() -> None:
    """The table of `api/http/` has each of its files once, and no other."""
    table = TEXT.partition("## Files in `api/http/`\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\|(.*?)\|", table, re.MULTILINE)
    named = re.findall(r"`(\w+\.py)`", " ".join(cells))
    files = {file.name for file in (ROOT / "api" / "http").glob("*.py")} - {"__init__.py"}
    assert sorted(named) == sorted(files)


def test_folders() -> None:
    """The tree of folders has all that is in `api/`, and nothing else."""
    tree = TEXT.partition("\napi/\n")[2].partition("\nmigrations/")[0]
    named = re.findall(r"^  (\S+?)/? ", tree, re.MULTILINE)
    here = {path.name for path in (ROOT / "api").iterdir() if path.name != "__pycache__"}
    assert sorted(named) == sorted(here)
