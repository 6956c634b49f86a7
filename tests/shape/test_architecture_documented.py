"""docs/architecture.md names what there is."""

import re

import pytest

from api.config import ROOT

TEXT = (ROOT / "docs" / "architecture.md").read_text()


@pytest.mark.parametrize(
    ("title", "packages"),
    [("`api/http/`", ["http"]), ("`api/server/` and `api/db/`", ["server", "db"])],
)
def test_files(title: str, packages: list[str]) -> None:
    """The table of a package has each of its files once, and no other."""
    table = TEXT.partition(f"## Files in {title}\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\|(.*?)\|", table, re.MULTILINE)
    named = re.findall(r"`(?:\w+/)?(\w+\.py)`", " ".join(cells))
    files = [file.name for package in packages for file in (ROOT / "api" / package).glob("*.py")]
    assert sorted(named) == sorted(set(files) - {"__init__.py"})


def test_folders() -> None:
    """The tree of folders has all that is in `api/`, and nothing else."""
    tree = TEXT.partition("\napi/\n")[2].partition("\nmigrations/")[0]
    named = re.findall(r"^  (\S+?)/? ", tree, re.MULTILINE)
    here = {path.name for path in (ROOT / "api").iterdir() if path.name != "__pycache__"}
    assert sorted(named) == sorted(here)
