"""Which Pythons are supported is said in several places; they agree, and another is refused."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from api.config import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SUPPORTED = ("3.11", "3.12", "3.13")
PACKAGE = re.compile(r"^([a-z0-9-]+)==(\S+)(?: ; (.*?))? \\$", re.MULTILINE)


def test_every_place_names_the_same_pythons() -> None:
    """pyproject.toml, the README, .ci/run and mypy's and ruff's oldest."""
    assert PROJECT["requires-python"] == ">=3.11,<3.14"
    assert "Python 3.11, 3.12 or 3.13" in (ROOT / "README.md").read_text()
    assert f"for version in {' '.join(SUPPORTED)};" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("version", [(3, 6), (3, 10), (3, 14), (4, 0)])
def test_another_python_is_refused_in_one_line(version: tuple[int, int]) -> None:
    """Before anything else is imported, which may not even be there."""
    code = f"import sys; sys.version_info = {version}; sys.modules['click'] = None; import api.cli"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"needs Python 3.11, 3.12 or 3.13, but this is {version[0]}.{version[1]}" in done.stderr


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_one_version_of_everything_is_locked(lock: str) -> None:
    """All Pythons get the same packages, so what is tested on one is what runs on the others."""
    found = PACKAGE.findall(Path(ROOT / lock).read_text())
    names = [name for name, _, _ in found]
    assert len(names) > 50
    assert len(set(names)) == len(names)
    assert {"av", "numpy"} <= {name for name, _, marker in found if not marker}
