"""percept openapi: writes openapi.json, or says whether it is up to date."""

import json
from pathlib import Path

import click

from api.cli.app import with_app
from api.config import ROOT

FILE = ROOT / "openapi.json"


@click.command()
@click.option("--check", is_flag=True, help="Don't write the file; fail if it is out of date.")
@click.argument("file", type=click.Path(path_type=Path), default=FILE)
@with_app
def openapi(check: bool, file: Path) -> None:
    """Write the OpenAPI 3.0.3 document to FILE (default: openapi.json)."""
    text = document()
    if not check:
        file.write_text(text)
    elif not file.exists() or file.read_text() != text:
        raise click.ClickException(f"{file.name} is out of date: run `percept openapi`.")


def document() -> str:
    """Return the document as it is written: no host, no date, in the order of Swagger UI."""
    from api.http import docs

    return json.dumps(docs.openapi(), indent=1, ensure_ascii=False) + "\n"
