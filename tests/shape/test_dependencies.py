"""Dependencies are at or above the versions that mend what is known of them."""

import re
from importlib.metadata import PackageNotFoundError, distributions, version

import pytest

from api.config import ROOT

FLOORS = {
    "pillow": (12, 3, 0),  # CVE-2026-59203 and others: out-of-bounds writes in decoders
    "werkzeug": (3, 0, 6),  # CVE-2024-49767: memory of forms
    "flask": (3, 1, 3),  # CVE-2026-27205
    "flask-restx": (0, 5, 1),  # CVE-2021-32838
    "gunicorn": (26, 0, 0),  # CVE-2024-1135, CVE-2024-6827: request smuggling
    "pyjwt": (2, 12, 0),  # CVE-2026-32597: `crit` ignored
    "flask-cors": (6, 0, 0),  # CVE-2024-6221 and others: matching of paths
    "tensorflow-cpu": (2, 12, 0),  # CVE-2023-25671 and others: crashes by odd shapes
    "keras": (3, 11, 3),  # CVE-2025-9905: code in model files
}
UNWANTED = ("python-jose", "pyyaml-include", "pickle5")


def numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


@pytest.mark.parametrize("name", FLOORS)
def test_floors(name: str) -> None:
    """What is installed, and what is locked, is new enough."""
    assert numbers(version(name)) >= FLOORS[name]
    for lock in ("requirements.lock", "requirements-dev.lock"):
        locked = re.search(rf"^{name}==(\S+)", (ROOT / lock).read_text(), re.MULTILINE)
        assert locked, f"{name} is not in {lock}"
        assert numbers(locked[1]) >= FLOORS[name]


def test_every_locked_package_has_hashes() -> None:
    """Nothing is installed that is not exactly what was locked."""
    for lock in ("requirements.lock", "requirements-dev.lock"):
        blocks = re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip())
        assert len(blocks) > 20
        assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_large_packages_have_their_reason() -> None:
    """The record of what is installed names each package above 30 MB."""
    record = (ROOT / "docs" / "decisions" / "033-installed-size.md").read_text()
    lock = (ROOT / "requirements.lock").read_text()
    names = re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE)
    sizes = {one.name.lower().replace("_", "-"): one for one in distributions()}
    large = [
        name
        for name in names
        if name in sizes and sum(file.size or 0 for file in sizes[name].files or ()) > 30e6
    ]
    assert len(large) > 8
    assert [name for name in large if name.removesuffix("-core") not in record] == []


@pytest.mark.parametrize("name", UNWANTED)
def test_unwanted(name: str) -> None:
    """Libraries with open holes are not even installed."""
    with pytest.raises(PackageNotFoundError):
        version(name)
