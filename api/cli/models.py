"""percept models: what is installed, and pulling, adding, removing, checking and choosing."""

import os
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.cli.progress import Display, bar, lines
from api.config import load_settings, protect
from api.enginekit.catalogue import Entry, make_entry
from api.enginekit.installation import in_child
from api.enginekit.store import ModelStore
from api.errors import PerceptError
from api.similar import did_you_mean, most_similar

CONVERSIONS = {"classify": "api.services.classify.engines.conversion"}
QUICK_S = 5.0
OUT_OF_TIME = ("model_unreachable", "model_busy")
INPUT_FILE = click.Path(exists=True, path_type=Path)


class OneLineErrors(click.Group):
    """Turns what goes wrong into one line on stderr and exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command."""
        try:
            return super().invoke(ctx)
        except PerceptError as error:
            text = " ".join(str(error).split())
            if hint := _hint(ctx.obj, error):
                text = text.rstrip(".") + hint
            raise click.ClickException(text) from None
        except OSError as error:
            raise click.ClickException(f"{error.strerror}: {error.filename}") from None


@click.group(cls=OneLineErrors)
@click.pass_context
def models(ctx: click.Context) -> None:
    """Manage models."""
    settings = load_settings()
    protect(settings.data_dir)
    converters = {task: in_child(module) for task, module in CONVERSIONS.items()}
    ctx.obj = ModelStore(settings.models_dir, mirror=settings.models_mirror, converters=converters)


@models.command("list")
@click.pass_obj
def list_(store: ModelStore) -> None:
    """List all models with task, size, licence and accuracy."""
    try:
        store.read_mirror(QUICK_S)
    except PerceptError as error:
        click.echo(f"The mirror's models are missing: {error}", err=True)
    table = Table("name", "task", "installed", "default", "size", "licence", "accuracy", box=None)
    for entry in store.entries():
        table.add_row(*(Text(cell, no_wrap=True) for cell in _cells(store, entry)))
    console = Console()
    if not console.is_terminal:
        console.width = 160
    console.print(table)


@models.command()
@click.argument("names", nargs=-1, required=True)
@click.option(
    "--if-missing", is_flag=True, help="Print nothing for models that are already installed."
)
@click.option("--quickly", is_flag=True, help=f"Give up after {QUICK_S:g} s, without an error.")
@click.option("--in-background", is_flag=True, help="Return at once, and go on meanwhile.")
@click.pass_obj
def pull(
    store: ModelStore, names: tuple[str, ...], if_missing: bool, quickly: bool, in_background: bool
) -> None:
    """Download, check, convert and install models."""
    missing = [name for name in names if not store.installed(name)]
    if not if_missing:
        for name in sorted(set(names) - set(missing)):
            click.echo(f"{name} is already installed.")
    if missing and in_background and not _is_in_background():
        return
    display = lines if in_background else bar
    for name in missing:
        if quickly:
            _pull_quickly(store, name, display)
        else:
            _pull(store, name, None, display)


@models.command()
@click.argument("name")
@click.argument("path", type=INPUT_FILE)
@click.option(
    "--labels",
    type=INPUT_FILE,
    required=True,
    help="JSON list of names or of {class_id, en, es}, or a text file with one name per line.",
)
@click.option(
    "--size", type=int, required=True, help="Width and height of the model's input, in pixels."
)
@click.option(
    "--resize", type=int, help="Short side before the centre crop, in pixels. [default: the size]"
)
@click.option(
    "--scale",
    type=click.Choice(["-1..1", "0..1", "0..255"]),
    default="-1..1",
    show_default=True,
    help="Range of the pixel values of the model's input.",
)
@click.option("--title", default="", help="Title of the model in lists.")
@click.option("--licence", default="", help="Licence of the model.")
@click.pass_obj
def add(store: ModelStore, /, name: str, path: Path, labels: Path, **about: Any) -> None:
    """Install your own classifier: a .keras file, a SavedModel folder or a .tflite file.

    Only add models you trust: they run inside the server.
    """
    picture = {
        "size": about["size"],
        "resize": about["resize"] or about["size"],
        "scale": about["scale"],
    }
    fields = {
        "task": "classify",
        "title": about["title"] or name,
        "licence": about["licence"],
        "input": picture,
    }
    with bar(name) as report:
        store.add(make_entry(name, fields), path, labels, report)
    click.echo(
        f"{name} is installed. Name it in a request, or make it the default: "
        f"percept models default classify {name}"
    )


@models.command()
@click.argument("name")
@click.pass_obj
def remove(store: ModelStore, name: str) -> None:
    """Uninstall a model."""
    store.remove(name)
    click.echo(f"{name} is removed.")


@models.command()
@click.argument("names", nargs=-1)
@click.pass_obj
def verify(store: ModelStore, names: tuple[str, ...]) -> None:
    """Compare the files of installed models with their recorded hashes."""
    chosen = names or [e.name for e in store.entries() if store.installed(e.name)]
    found = {name: store.verify(name) for name in chosen}
    for name, problems in found.items():
        click.echo(f"{name}: {'; '.join(problems) or 'OK'}")
    if any(found.values()):
        raise click.ClickException("Remove the damaged models, then pull or add them again.")


@models.command()
@click.argument("task")
@click.argument("name")
@click.pass_obj
def default(store: ModelStore, task: str, name: str) -> None:
    """Set the default model of a task."""
    store.set_default(task, name)
    click.echo(f"{name} is now the default model for {task}.")


def _pull(store: ModelStore, name: str, deadline_s: float | None, display: Display) -> None:
    with display(name) as report:
        store.pull(name, report, deadline_s)
    click.echo(f"{name} is installed ({_megabytes(store.size(name))}).")


def _is_in_background() -> bool:
    """Fork; return False in the command, which is done, and True in the child, at low priority."""
    sys.stdout.flush()
    if os.fork():
        return False
    os.nice(10)
    os.dup2(1, 2)  # the server that starts meanwhile writes its log, and only that, to stderr
    return True


def _pull_quickly(store: ModelStore, name: str, display: Display) -> None:
    try:
        _pull(store, name, QUICK_S, display)
    except PerceptError as error:
        limit = f" in {QUICK_S:g} s" if error.code in OUT_OF_TIME else ""
        reason = str(error).rstrip(".")
        click.echo(
            f"{name} could not be pulled{limit} ({reason}). Everything works without it; "
            f"later: .venv/bin/percept models pull {name}"
        )


def _hint(store: ModelStore, error: PerceptError) -> str:
    """Return the end of a sentence that names the model, or the task, that was meant."""
    entries = store.entries()
    known = {"name": {entry.name for entry in entries}, "task": {entry.task for entry in entries}}
    hints = (
        did_you_mean(most_similar(str(error.values[what]), names))
        for what, names in known.items()
        if error.values.get(what, next(iter(names))) not in names
    )
    return next(filter(None, hints), "")


def _cells(store: ModelStore, entry: Entry) -> tuple[str, ...]:
    accuracy = entry.accuracy
    return (
        entry.name,
        entry.task,
        "yes" if store.installed(entry.name) else "no",
        "yes" if store.default(entry.task) == entry.name else "",
        _megabytes(store.size(entry.name)),
        entry.licence,
        f"{accuracy.top1} % top-1, {accuracy.dataset}" if accuracy else "",
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size else ""
