"""The README's table of settings is what the settings are."""

from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from api.config import ROOT, Settings

HEAD = "| variable | default | what for |"


def shown(default: Any) -> str:
    """A default as somebody would write it into .env; nothing where there is none."""
    if isinstance(default, bool):
        return "`on`" if default else "`off`"
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    if isinstance(default, Path):
        default = default.relative_to(ROOT)
    return f"`{default}`" if default not in ("", ()) else ""


def row(field: FieldInfo) -> str:
    cells = (f"`{field.alias}`", shown(field.default), field.description or "")
    return "|".join(["", *(f" {cell} " if cell else " " for cell in cells), ""])


def test_the_table_is_whole_and_right() -> None:
    """Each setting has its row, with its default and description; no row is of anything else."""
    after = (ROOT / "README.md").read_text().partition(HEAD)[2].splitlines()[2:]
    rows = after[: next(n for n, line in enumerate(after) if not line.startswith("|"))]
    assert rows == [row(field) for field in Settings.model_fields.values()]
    assert all(field.description for field in Settings.model_fields.values())
