"""make demo-scale: starts the topology, says what to try, and ends it all with Ctrl-C."""

import secrets
import signal
import sys
import time
from types import FrameType

import click

from demo.parts import Failed
from demo.topology import Topology

ADMIN = "admin@example.com"
ENDINGS = (signal.SIGINT, signal.SIGTERM)
TEXT = """
Percept is at {url} (docs: {url}/docs), Prometheus at {prometheus}.
Behind it: {parts}.
An administrator: {admin} with the password {password}

In another terminal:
  P={url}/api/v1
  TOKEN=$(curl -s $P/auth/login -H 'Content-Type: application/json' \\
    -d '{{"email": "{admin}", "password": "{password}"}}' \\
    | python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')
  curl -s $P/tts -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
    -d '{{"text": "Please open the window before you leave."}}' -o hello.wav
  curl -s $P/stt -H "Authorization: Bearer $TOKEN" -H 'Prefer: respond-async' -F audio=@hello.wav
  curl -s "$P/jobs?limit=1" -H "Authorization: Bearer $TOKEN"

Data and logs are in {folder}. Ctrl-C ends everything and removes them.
"""


@click.command(help=__doc__)
@click.option("--port", default=8080, show_default=True, help="Port of nginx; 0: any free one.")
def main(port: int) -> None:
    """Run until Ctrl-C, SIGTERM or the end of a part."""
    for number in ENDINGS:
        signal.signal(number, _as_interrupt)
    click.echo("Starting PostgreSQL, Redis, S3, Percept's parts, Prometheus and nginx ...")
    try:
        with Topology(port) as topology:
            click.echo(_welcome(topology))
            while True:
                topology.programs.check()
                time.sleep(1)
    except Failed as failed:
        raise click.ClickException(str(failed)) from None
    except KeyboardInterrupt:
        click.echo("Ended; nothing is left of it.")


def _as_interrupt(_: int, __: FrameType | None) -> None:
    for number in ENDINGS:
        signal.signal(number, signal.SIG_IGN)  # a second one would leave things lying about
    raise KeyboardInterrupt


def _welcome(topology: Topology) -> str:
    password = secrets.token_urlsafe(12)
    topology.percept("users", "create", "--admin", ADMIN, asked=f"{password}\n")
    return TEXT.format(
        url=topology.url,
        prometheus=topology.prometheus_url,
        parts=", ".join(topology.programs.names()),
        admin=ADMIN,
        password=password,
        folder=topology.folder,
    )


if __name__ == "__main__":
    sys.exit(main())
