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
    """Run the command; a bad setting or a file of another user ends it in one line."""
    write_privately()
    try:
        percept()
    except BadSetting as error:
        _give_up(str(error))
    except PermissionError as error:
        _give_up(f"{error.strerror}: {error.filename}; run this as the server's user")


def _give_up(reason: str) -> None:
    click.echo(f"percept: {reason}", err=True)
    sys.exit(2)
