"""The percept command. Each command's file is imported when it is called, not before."""

import importlib
import sys

import click

from api.config import BadSetting, write_privately

COMMANDS = {
    "db": "api.cli.db",
    "doctor": "api.cli.doctor",
    "models": "api.cli.models",
    "openapi": "api.cli.openapi",
    "serve": "api.cli.serve",
    "setup": "api.cli.serve",
    "users": "api.cli.users",
    "worker": "api.cli.worker",
}


class OnDemand(click.Group):
    """A group whose commands are imported on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted(COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a misspelt one is refused with the name that was meant."""
        if args[0] in COMMANDS or args[0].startswith("-"):
            return super().resolve_command(ctx, args)
        raise click.exceptions.NoSuchCommand(args[0], possibilities=COMMANDS, ctx=ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(COMMANDS[cmd_name]), cmd_name)
        return command


@click.group(cls=OnDemand)
@click.version_option(package_name="percept")
def percept() -> None:
    """A self-hosted server for image classification, OCR and speech."""


def main() -> None:
    """Run the command; bad settings end it with one line each, so does a file of another user."""
    write_privately()
    try:
        percept()
    except BadSetting as error:
        _give_up(*str(error).splitlines())
    except PermissionError as error:
        _give_up(f"{error.strerror}: {error.filename}; run this as the server's user")


def _give_up(*reasons: str) -> None:
    for reason in reasons:
        click.echo(f"percept: {reason}", err=True)
    sys.exit(2)
