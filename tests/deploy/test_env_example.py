"""The file .env.example tells of every setting, and switches none on."""

import re
from pathlib import Path

import pytest

from api.config import ROOT, Settings

COMPOSE_ONLY = {"POSTGRES_PASSWORD", "GRAFANA_PASSWORD"}


def example() -> dict[str, str]:
    """The variables of .env.example with their values."""
    lines = re.findall(r"^#([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    return dict(lines)


def test_example_names_every_setting():
    """.env.example has each setting once, nothing that is not one, and nothing switched on."""
    known = {field.alias for field in Settings.model_fields.values()}
    assert set(example()) == known | COMPOSE_ONLY
    live = [line for line in (ROOT / ".env.example").read_text().splitlines() if line[:1] != "#"]
    assert not any(live)


def test_example_shows_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Taking every # off changes nothing."""
    (tmp_path / ".env").write_text("".join(f"{k}={v}\n" for k, v in example().items()))
    monkeypatch.chdir(ROOT)
    shown = Settings(_env_file=tmp_path / ".env").model_dump()
    plain = Settings(_env_file=None).model_dump()
    assert shown.pop("data_dir").resolve() == plain.pop("data_dir").resolve()
    assert shown == plain
