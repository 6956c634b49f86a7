"""A recording that is always there, and a folder with a Whisper to pull from."""

import importlib.util
from pathlib import Path

import pytest
import tiny_whisper

from api.config import Settings


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A server that does nothing else, and takes recordings of at most a minute."""
    services = ("accounts", "history", "stt")
    return settings.model_copy(update={"services": services, "max_audio_minutes": 1})


@pytest.fixture(scope="session")
def beckett() -> bytes:
    """Ten seconds of English, from the package of the embedded model."""
    spec = importlib.util.find_spec("moonshine_voice")
    assert spec is not None
    (home,) = spec.submodule_search_locations or ()
    return (Path(home) / "assets" / "beckett.wav").read_bytes()


@pytest.fixture(scope="session")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mirror whose whisper_tiny says 'hola mundo' to everything."""
    folder = tmp_path_factory.mktemp("mirror")
    (folder / "whisper_tiny").mkdir()
    tiny_whisper.make(folder / "whisper_tiny")
    names = ["config.json", "model.bin", "tokenizer.json", "vocabulary.txt"]
    files = ", ".join(f'{{ name = "{name}" }}' for name in names)
    (folder / "catalog.toml").write_text(f"[whisper_tiny]\nfiles = [{files}]\n")
    return folder
