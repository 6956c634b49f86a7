"""percept users: accounts from the command line; the only way to the first administrator."""

import sys

import click

from api.cli.app import update_tables, with_app
from api.errors import Invalid, PerceptError


@click.group()
def users() -> None:
    """Make accounts; set forgotten passwords."""


@users.command()
@click.argument("email", required=False)
@click.option("--admin", is_flag=True, help="Give the account the role admin.")
@click.option("--name", help="Name of the user.")
@click.option(
    "--password",
    help="Password. If it is missing, the command asks for it or reads it from standard input, "
    "which keeps it out of the shell's history.",
)
@with_app
def create(email: str | None, admin: bool, name: str | None, password: str | None) -> None:
    """Create an account. The command asks for missing values."""
    from api.accounts.users import service

    roles = ("user", "admin") if admin else ("user",)
    wanted = email or _ask("E-mail")
    update_tables()
    try:
        row = service.create(wanted, password or _ask("Password", secret=True), name, roles=roles)
    except PerceptError as error:
        raise click.ClickException(_one_line(error)) from None
    click.echo(f"Created {row.email} ({', '.join(row.roles)}).")


@users.command()
@click.argument("email")
@click.option("--end-api-keys", is_flag=True, help="End the account's API keys too.")
@with_app
def password(email: str, end_api_keys: bool) -> None:
    """Set the password of an account, and end all its sessions.

    The password is asked for twice, or read from standard input.
    """
    from api.accounts import new_passwords, passwords
    from api.accounts.users import service

    update_tables()
    try:
        user = service.find(email)
        new = _ask("New password", secret=True)
        passwords.check(new, user.email)
        change = new_passwords.replace(user.id, new, end_api_keys=end_api_keys)
    except PerceptError as error:
        raise click.ClickException(_one_line(error)) from None
    if change is None:
        raise click.ClickException(f"{user.email} was deleted meanwhile.")
    click.echo(f"Changed the password of {user.email}. Sessions ended: {change.ended_sessions}.")
    if change.api_keys:
        click.echo(f"API keys that still work: {change.api_keys}; --end-api-keys ends them.")
    if not user.active:
        click.echo("The account is disabled; an administrator has to enable it.")


def _ask(what: str, secret: bool = False) -> str:
    if sys.stdin.isatty():
        return str(click.prompt(what, hide_input=secret, confirmation_prompt=secret))
    return sys.stdin.readline().rstrip("\r\n")


def _one_line(error: PerceptError) -> str:
    if isinstance(error, Invalid):
        return "; ".join(f"{e.field}: {e.message % e.values}" for e in error.errors)
    return str(error)
