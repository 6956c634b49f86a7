"""percept doctor: what is installed, what is missing, and how to cure it."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from api.cli.app import MIGRATIONS, with_app
from api.config import Settings, load_settings
from api.enginekit.catalogue import Entry
from api.enginekit.installed import left_out
from api.enginekit.store import ModelStore


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    good: bool
    what: str
    cure: str = ""


@click.command()
@click.option("--brief", is_flag=True, help="Show only addresses and models.")
@with_app
def doctor(brief: bool) -> None:
    """Report what is installed, what is missing, and how to fix it."""
    settings = load_settings()
    if brief:
        click.echo(welcome(settings))
        return
    findings = [finding for examine in EXAMINATIONS for finding in examine(settings)]
    for finding in findings:
        click.echo(f"{'ok     ' if finding.good else 'MISSING'} {finding.what}")
        if finding.cure:
            click.echo(f"        {finding.cure}")
    if not all(finding.good for finding in findings):
        sys.exit(1)


def welcome(settings: Settings) -> str:
    """What `make run` ends with."""
    store = ModelStore(settings.models_dir)
    lines = ["", f"  Swagger UI   http://{settings.host}:{settings.port}/docs", ""]
    for entry in store.entries():
        if store.installed(entry.name):
            note = " (default)" if store.default(entry.task) == entry.name else ""
            lines.append(f"  installed    {entry.name}: {entry.title}{note}")
    others = [e.name for e in store.entries() if not store.installed(e.name)]
    if others:
        lines.append(f"  to be had    {', '.join(others)}")
        lines.append("               .venv/bin/percept models pull NAME")
    lines.append("  first admin  .venv/bin/percept users create --admin you@example.com")
    return "\n".join([*lines, ""])


def _data(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir.resolve()
    yield Finding(folder.is_dir(), f"data folder {folder}", "")
    secret = folder / "secret.key"
    if secret.exists():
        private = secret.stat().st_mode & 0o077 == 0
        yield Finding(private, "signing secret", "" if private else f"chmod 600 {secret}")


def _database(settings: Settings) -> Iterator[Finding]:
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from sqlalchemy.exc import SQLAlchemyError

    from api.extensions import db

    kind = settings.database.partition(":")[0]
    try:
        with db.engine.connect() as connection:
            here = MigrationContext.configure(connection).get_current_revision()
    except SQLAlchemyError as error:
        yield Finding(False, f"database ({kind}): {type(error).__name__}", "Check DATABASE_URL.")
        return
    current = here == ScriptDirectory(str(MIGRATIONS)).get_current_head()
    cure = "" if current else "percept setup"
    yield Finding(current, f"database ({kind}), tables of revision {here}", cure)


def _queue(settings: Settings) -> Iterator[Finding]:
    from api.errors import NotReady
    from api.jobs.queue import queue

    who = "percept worker, through Redis" if settings.uses_rq else "threads of the server"
    try:
        queue().check()
    except NotReady:
        yield Finding(False, f"jobs are done by {who}", "Check REDIS_URL.")
    else:
        yield Finding(True, f"jobs are done by {who}")


def _models(settings: Settings) -> Iterator[Finding]:
    store = ModelStore(settings.models_dir)
    for entry in store.entries():
        if packages := left_out(entry):
            yield Finding(
                True, f"left out: {entry.name} (needs {', '.join(packages)})", "make setup"
            )
            continue
        if not store.installed(entry.name):
            yield Finding(True, f"not installed: {entry.name}", f"percept models pull {entry.name}")
            continue
        problems = store.verify(entry.name)
        cure = f"percept models remove {entry.name}, then pull it again" if problems else ""
        yield Finding(not problems, "; ".join([_described(entry), *problems]), cure)


def _described(entry: Entry) -> str:
    from api.http.inference import voices

    engines, languages = ", ".join(sorted(entry.engines)), ", ".join(entry.languages)
    spoken = f"; {count} voices" if (count := len(voices(entry))) else ""
    return f"model {entry.name} for {entry.task} (engine {engines}; languages {languages}{spoken})"


def _defaults(_: Settings) -> Iterator[Finding]:
    from api.http.inference import pools

    for name, pool in pools().items():
        pool.warm()
        missing = pool.missing()
        model = pool.store.default(name)
        yield Finding(not missing, "; ".join(missing) or f"{name} answers with {model}")


def _guests(_: Settings) -> Iterator[Finding]:
    from api.enginekit import guests
    from api.errors import PerceptError

    try:
        guests.warm_up()
    except PerceptError as error:
        yield Finding(False, f"child processes: {error}", "Raise PERCEPT_GUEST_MEMORY_MB.")
        return
    yield Finding(True, "child processes for native code answer")


def _storage(settings: Settings) -> Iterator[Finding]:
    from api.errors import PerceptError
    from api.http.history import storage

    try:
        storage().put("doctor", b"")
        storage().remove("doctor")
    except PerceptError as error:
        yield Finding(False, f"files in {settings.storage}: {error}", "Check PERCEPT_STORAGE_URL.")
        return
    yield Finding(True, f"files in {settings.storage}")


def _gpu(_: Settings) -> Iterator[Finding]:
    found = Path("/dev/nvidiactl").exists()
    yield Finding(True, "GPU found" if found else "no GPU (none is needed)")


EXAMINATIONS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    _data,
    _storage,
    _database,
    _queue,
    _models,
    _guests,
    _defaults,
    _gpu,
)
