"""The README's first five minutes: its commands are run, its answers are compared."""

import io
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from PIL import Image, ImageDraw, ImageFont
from servers import Server

from api.config import ROOT

README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"^```(sh|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
MARK = "\n=== the next answer ===\n"


def first_five_minutes() -> list[tuple[str, Any]]:
    """Each command of the section with the answer that the README shows."""
    section = README.partition("## The first five minutes")[2].partition("\n## ")[0]
    blocks = BLOCK.findall(section)
    assert [kind for kind, _ in blocks] == ["sh", "json"] * (len(blocks) // 2)
    texts = [text for _, text in blocks]
    return [(sh, json.loads(answer)) for sh, answer in zip(texts[::2], texts[1::2], strict=True)]


def like(shown: Any, real: Any) -> bool:
    """Whether both have the same members of the same types; values may differ."""
    if isinstance(shown, dict):
        same = isinstance(real, dict) and shown.keys() == real.keys()
        return same and all(like(shown[k], real[k]) for k in shown if k != "accuracy")
    if isinstance(shown, list):
        return isinstance(real, list) and all(map(like, shown, real)) and len(shown) <= len(real)
    if isinstance(shown, float):
        return isinstance(real, float | int)
    return type(shown) is type(real)


@pytest.mark.slow
def test_the_first_five_minutes(serve: Callable[..., Server], tmp_path: Path):
    """Copied from the README, each command works and its answer has the form that is shown."""
    photo = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").save(photo, "JPEG")
    (tmp_path / "photo.jpg").write_bytes(photo.getvalue())
    page = Image.new("RGB", (900, 260), "white")
    font = ImageFont.load_default(44)
    ImageDraw.Draw(page).text((40, 40), "Tea house receipt", "black", font)
    page.save(tmp_path / "page.png")
    steps = first_five_minutes()
    script = f"printf '{MARK}'\n".join(command for command, _ in steps)
    script = script.replace("http://127.0.0.1:8000", serve().url)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    answers = [json.loads(text) for text in done.stdout.split(MARK)]
    for (command, shown), real in zip(steps, answers, strict=True):
        assert like(shown, real), f"{command}\nshown: {shown}\nreal: {real}"


@pytest.mark.parametrize("file", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/**/*.md")))
def test_links_lead_somewhere(file: Path):
    """Every relative link in the README and the documents is a file that exists."""
    links = [link for link in LINK.findall(file.read_text()) if "://" not in link]
    for link in links:
        path, _, anchor = link.partition("#")
        assert (file.parent / unquote(path)).exists(), link
        if anchor and not path:
            titles = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
            known = [re.sub(r"[^\w -]", "", t).lower().replace(" ", "-") for t in titles]
            assert anchor in known, link
