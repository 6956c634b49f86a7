"""Starting imports only what it needs: a server that classifies on a CPU never sees TensorFlow."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from servers import environment

HEAVY = {"tensorflow", "keras", "ai_edge_litert", "torch"}
MAKE_APP = "from api.app import create_app; app = create_app()"
WARM = "[pool.warm() for pool in app.extensions['pools'].values()]"
SHOW = "import json, sys; print(json.dumps([n for n in sys.modules if n.count('.') < 2]))"


def imported(folder: Path, *code: str) -> set[str]:
    """The modules that a new Python has imported after this code."""
    done = subprocess.run(
        [sys.executable, "-c", "; ".join([*code, SHOW])],
        env=environment(folder),
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        (["import api"], {*HEAVY, "flask", "sqlalchemy", "numpy"}),
        (["import api.config"], {*HEAVY, "flask", "sqlalchemy", "numpy", "PIL"}),
        (["import api.server.gunicorn_conf"], {*HEAVY, "api.app", "flask", "sqlalchemy", "numpy"}),
        (["import api.cli"], {*HEAVY, "api.app", "flask"}),
        ([MAKE_APP], HEAVY),
        ([MAKE_APP, WARM], HEAVY - {"ai_edge_litert"}),
    ],
    ids=lambda value: value[-1][:30] if isinstance(value, list) else "",
)
def test_not_imported(tmp_path: Path, code: list[str], absent: set[str]) -> None:
    """What is not needed yet is not imported."""
    assert imported(tmp_path, *code) & absent == set()
