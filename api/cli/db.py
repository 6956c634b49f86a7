"""percept db: Flask-Migrate's own commands."""

import click

from api.cli.app import with_app


@click.command(context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@with_app
def db(arguments: tuple[str, ...]) -> None:
    """Run database migrations: upgrade, downgrade, migrate, history ... (see db --help)."""
    from flask_migrate.cli import db as group

    group.main(arguments or ("--help",), prog_name="percept db")
