"""Shows how far a download is: by a bar, or by a line now and then while a server logs too."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TransferSpeedColumn,
)

from api.enginekit.download import Progress as Report

STEP = 25  # per cent
# Lends what is called with the step, the bytes done and the bytes in all (0: unknown).
Display = Callable[[str], AbstractContextManager[Report]]


@contextmanager
def bar(name: str) -> Iterator[Report]:
    """Draw a bar on standard error if that is a terminal."""
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    console = Console(stderr=True)
    off = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=off) as drawn:
        tasks: dict[str, TaskID] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = drawn.add_task(f"{name}: {what}")
            drawn.update(tasks[what], completed=done, total=total or None)

        yield report


@contextmanager
def lines(name: str) -> Iterator[Report]:
    """Print a line for each step, and for each quarter of a file."""
    told: set[str] = set()

    def report(what: str, done: int, total: int) -> None:
        percent = min(100, 100 * done // total // STEP * STEP) if total else 0
        size = f", {percent} % of {total / 1e6:.1f} MB" if total else ""
        if (line := f"{name}: {what}{size}") not in told:
            told.add(line)
            click.echo(line)

    yield report
