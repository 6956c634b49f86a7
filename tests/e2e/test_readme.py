"""The documents' commands are run and their answers compared; their links and tables are right."""

import json
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import click
import pytest
from servers import Server

from api.cli import percept
from api.config import ROOT

TOURS = (ROOT / "README.md", ROOT / "docs" / "tour.md")
DOCUMENTS = sorted(
    file for pattern in ("*.md", "docs/**/*.md", "models_store/*.md") for file in ROOT.glob(pattern)
)
ADDRESS = "http://127.0.0.1:8000"
STEP = re.compile(r"^```sh\n(.*?)^```\n(?:```(?:json|text)\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN = re.compile(r"^(docker compose .*|\.venv/bin/)?percept ")
LINK = re.compile(r"\]\(([^)\s]+)\)")
MARK = "\n=== the next answer ===\n"
# Parts of an answer that differ each time: ids, times, tokens, keys and signatures.
VARYING = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z|eyJ[\w.-]+|pct_[\w.-]+"
    r"|expires=\d+&signature=[\w.]+"
)


def parsed(text: str) -> Any:
    """An answer as JSON; as text where it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return text.strip()


def like(shown: Any, real: Any) -> bool:
    """Whether both have the same members and texts; numbers and what varies may differ."""
    if isinstance(shown, dict):
        return (
            isinstance(real, dict)
            and shown.keys() == real.keys()
            and all(like(shown[k], real[k]) for k in shown if k != "accuracy")
        )
    if isinstance(shown, list):
        return isinstance(real, list) and all(map(like, shown, real)) and len(shown) <= len(real)
    if isinstance(shown, str) and isinstance(real, str):
        return VARYING.sub("*", shown) == VARYING.sub("*", real)
    if isinstance(shown, float):
        return isinstance(real, float | int)
    return type(shown) is type(real)


@pytest.mark.slow
def test_tours(serve: Callable[..., Server], tmp_path: Path):
    """Copied from the README and the tour, each command works and prints the answer shown."""
    shutil.copytree(ROOT / "docs" / "samples", tmp_path / "docs" / "samples")
    shutil.copy(ROOT / "README.md", tmp_path)
    server = serve()
    for document in TOURS:
        steps = STEP.findall(document.read_text())
        script = f"printf '{MARK}'\n".join(command for command, _ in steps)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script.replace(ADDRESS, server.url)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        answers = done.stdout.replace(server.url, ADDRESS).split(MARK)
        for (command, shown), real in zip(steps, answers, strict=True):
            assert like(parsed(shown), parsed(real)), f"{command}\nshown: {shown}\nreal: {real}"


def shown_commands() -> Iterator[list[str]]:
    """The arguments of each `percept` command that a document shows in a block of code."""
    for document in DOCUMENTS:
        for block in BLOCK.findall(document.read_text()):
            for line in block.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True) if SHOWN.search(line) else []
                names = [Path(word).name for word in words]
                if words:
                    yield words[names.index("percept") + 1 :]


def test_shown_commands_exist():
    """Each `percept` command that the documents show exists, and has the options that are shown."""
    shown = list(shown_commands())
    assert len(shown) > 10
    for arguments in shown:
        command: click.Command | None = percept
        while isinstance(command, click.Group):
            name, *arguments = arguments
            command = command.get_command(click.Context(command), name)
            assert command, name
        command.make_parser(click.Context(command)).parse_args(arguments)


def size(entry: dict[str, Any]) -> str:
    """What has to be downloaded for a model, in words."""
    files = entry.get("files", [])
    if entry.get("embedded"):
        return "included"
    if not files:
        return "mirror only"
    if not all("bytes" in file for file in files):
        return "unknown"
    return f"{sum(file['bytes'] for file in files) / 1e6:.0f} MB"


def test_table_of_models():
    """The README's table has every model of the catalogue, with its task, title and size."""
    catalogue = tomllib.loads((ROOT / "models_store" / "catalog.toml").read_text())
    section = (ROOT / "README.md").read_text().partition("## Models\n")[2].partition("\n## ")[0]
    assert [line for line in section.splitlines() if line.startswith("| `")] == [
        f"| `{name}` | {entry['task']} | {entry['title']} | {size(entry)} |"
        for name, entry in catalogue.items()
    ]


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
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
