"""Real models, from the mirror that PERCEPT_REAL_MODELS names. Loaded as a pytest plugin.

A mirror is a folder as PERCEPT_MODELS_MIRROR takes it; this one has Whisper base and a Piper voice.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from api.enginekit.store import ModelStore

MIRROR = os.environ.get("PERCEPT_REAL_MODELS", "")
Install = Callable[[str, Path], Path]


@pytest.fixture(scope="session")
def real_models() -> Path:
    """The mirror with real models."""
    if not MIRROR:
        pytest.skip("no real models (PERCEPT_REAL_MODELS)")
    return Path(MIRROR).resolve(strict=True)


@pytest.fixture(scope="session")
def install_real(real_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Install:
    """Installs a model of the mirror into the models folder of a server, by a link.

    It is pulled once, however many folders get it: it can be large.
    """
    store = ModelStore(tmp_path_factory.mktemp("real"), mirror=str(real_models))

    def install(name: str, models_dir: Path) -> Path:
        models_dir.mkdir(parents=True, exist_ok=True)
        (models_dir / name).symlink_to(store.pull(name))
        return models_dir / name

    return install
