"""docs/settings.md lists the settings as the code has them."""

from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from api.config import ROOT, Settings


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


def test_every_setting_is_documented_once() -> None:
    """Each setting has one row, with its default and description; there is no other row."""
    lines = (ROOT / "docs" / "settings.md").read_text().splitlines()
    rows = [line for line in lines if line.startswith("| `")]
    assert sorted(rows) == sorted(row(field) for field in Settings.model_fields.values())
    assert all(field.description for field in Settings.model_fields.values())
