"""percept doctor: what works, what doesn't, and how to fix it."""

import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version

import click

from api.cli.app import MIGRATIONS, with_app
from api.config import Settings, load_settings, unknown_settings
from api.enginekit.catalogue import Entry
from api.enginekit.installed import left_out
from api.enginekit.store import ModelStore

MOST_LANGUAGES = 12


@dataclass(frozen=True)
class Finding:
    """One result of a check; `cure` says what to do if it isn't good."""

    good: bool
    what: str
    cure: str = ""


@click.command()
@click.option("--brief", is_flag=True, help="Show only the models and the next commands.")
def doctor(brief: bool) -> None:
    """Report what works, what doesn't, and how to fix it."""
    if brief:
        click.echo(welcome(load_settings()))
    else:
        examine()


@with_app
def examine() -> None:
    """Print a line for each finding, and the cure if it isn't good; exit with 1 if any isn't."""
    settings = load_settings()
    findings = [finding for look_at in EXAMINATIONS for finding in look_at(settings)]
    for finding in findings:
        click.echo(f"{'ok     ' if finding.good else 'PROBLEM'} {finding.what}")
        if not finding.good:
            click.echo(f"        {finding.cure}")
    if not all(finding.good for finding in findings):
        sys.exit(1)


def welcome(settings: Settings) -> str:
    """Return what `make run` says before it starts the server."""
    store = ModelStore(settings.models_dir)
    installed = [entry for entry in store.entries() if store.installed(entry.name)]
    defaults = {store.default(entry.task) for entry in installed}
    notes = dict.fromkeys(defaults, " (default)")
    lines = [f"  {e.task:9} {e.name}{notes.get(e.name, '')}: {e.title}" for e in installed]
    return "\n".join(
        [
            "Installed models:",
            *lines,
            "More models:              .venv/bin/percept models list",
            "The first administrator:  .venv/bin/percept users create --admin you@example.com",
        ]
    )


def _python(_: Settings) -> Iterator[Finding]:
    yield Finding(True, f"Percept {version('percept')} on Python {platform.python_version()}")


def _settings(_: Settings) -> Iterator[Finding]:
    for sentence in unknown_settings():
        yield Finding(
            False, sentence, "Correct the name, or remove it from the environment or .env."
        )


def _data(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir.resolve()
    yield Finding(True, f"data folder {folder}")
    secret = folder / "secret.key"
    if secret.exists():
        private = secret.stat().st_mode & 0o077 == 0
        yield Finding(private, "signing secret, for this user only", f"chmod 600 {secret}")


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
    newest = here == ScriptDirectory(str(MIGRATIONS)).get_current_head()
    tables = f"tables of revision {here}" if here else "no tables"
    yield Finding(newest, f"database ({kind}), {tables}", "percept setup")


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
    unneeded = {entry.name: packages for entry in store.entries() if (packages := left_out(entry))}
    for name, packages in unneeded.items():
        needed = f"left out: {name} (needs {', '.join(packages)})"
        yield Finding(True, f"{needed}; make setup installs everything")
    installed = [e for e in store.entries() if store.installed(e.name) and e.name not in unneeded]
    for entry in installed:
        problems = store.verify(entry.name)
        cure = f"percept models remove {entry.name}, then percept models pull {entry.name}"
        yield Finding(not problems, "; ".join([_described(entry), *problems]), cure)
    count = len(store.entries()) - len(installed) - len(unneeded)
    yield Finding(True, f"{count} more models can be installed: percept models list")


def _described(entry: Entry) -> str:
    from api.http.inference import voices

    engines, languages = ", ".join(sorted(entry.engines)), f"{len(entry.languages)} languages"
    if len(entry.languages) <= MOST_LANGUAGES:
        languages = f"languages {', '.join(entry.languages)}"
    spoken = f"; {count} voices" if (count := len(voices(entry))) else ""
    return f"model {entry.name} for {entry.task} (engine {engines}; {languages}{spoken})"


def _defaults(_: Settings) -> Iterator[Finding]:
    from api.http.inference import pools

    for name, pool in pools().items():
        pool.warm()
        missing = pool.missing()
        model = pool.store.default(name)
        cure = f"percept models list; percept models default {name} NAME chooses another model"
        yield Finding(not missing, "; ".join(missing) or f"{name} answers with {model}", cure)


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
    from api.services.classify.engines import GPU, can_use_gpu

    if not GPU.exists():
        yield Finding(True, "CPU only: no NVIDIA GPU was found, and none is needed")
    elif can_use_gpu():
        yield Finding(True, "NVIDIA GPU, and a TensorFlow that can use it")
    else:
        yield Finding(True, "NVIDIA GPU, not used: docs/operations.md says what to install for it")


EXAMINATIONS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    _python,
    _settings,
    _data,
    _storage,
    _database,
    _queue,
    _models,
    _guests,
    _defaults,
    _gpu,
)
