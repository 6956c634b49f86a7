"""percept users: accounts from the command line; the only way to the first administrator."""

import sys

import click

from api.cli.app import update_tables, with_app
from api.errors import Invalid, PerceptError


@click.group()
def users() -> None:
    """Make accounts."""


@users.command()
@click.argument("email", required=False)
@click.option("--admin", is_flag=True, help="Give it the role admin.")
@click.option("--name", help="What to call them.")
@click.option(
    "--password",
    help="Asked for (or read from standard input) when left out, which keeps it out of "
    "the shell's history.",
)
@with_app
def create(email: str | None, admin: bool, name: str | None, password: str | None) -> None:
    """Create an account; what is not given is asked for."""
    from api.accounts.users import service

    roles = ("user", "admin") if admin else ("user",)
    wanted = email or _ask("E-mail")
    update_tables()
    try:
        row = service.create(wanted, password or _ask("Password", secret=True), name, roles=roles)
    except PerceptError as error:
        raise click.ClickException(_one_line(error)) from None
    click.echo(f"Created {row.email} ({', '.join(row.roles)}).")


def _ask(what: str, secret: bool = False) -> str:
    if sys.stdin.isatty():
        return str(click.prompt(what, hide_input=secret, confirmation_prompt=secret))
    return sys.stdin.readline().rstrip("\r\n")


def _one_line(error: PerceptError) -> str:
    if isinstance(error, Invalid):
        return "; ".join(f"{e.field}: {e.message % e.values}" for e in error.errors)
    return str(error)
