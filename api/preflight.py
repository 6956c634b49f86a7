"""What `make run` checks before it installs anything, so it needs the standard library alone.

`python3 -m api.preflight HOST PORT`, where empty values mean those of `.env`, or the defaults.
"""

import errno
import re
import socket
import sys
from pathlib import Path

LINE = r"^\s*(?:export\s+)?{}\s*=\s*[\"']?([^\s\"'#]+)"


def address_problem(host: str, port: int) -> str:
    """Return why the server can't listen there, in a line that names the setting, or nothing."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError):
        return f"HOST: {host!r} is not a name or an address of this machine"
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            return _refused(host, port, error)
    return ""


def _refused(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"PORT: another program uses {port} on {host}. "
            f"Stop it, or choose another port: PORT={port + 1 if port < 65535 else 8000}"
        )
    if error.errno == errno.EACCES:
        return f"PORT: this user may not listen on {port}. Choose one from 1024 on: PORT=8000"
    return f"HOST: this machine can't listen on {host!r} ({error.strerror})"


def _setting(name: str, given: str, default: str) -> str:
    """Return the value as `percept serve` will see it; simple lines of .env are enough here."""
    if given or not Path(".env").is_file():
        return given or default
    text = Path(".env").read_text(errors="replace")
    found = re.findall(LINE.format(name), text, re.MULTILINE)
    return found[-1] if found else default


def main(host: str, port: str) -> None:
    """End with a message if the port of the settings can't be used."""
    host, port = _setting("HOST", host, "127.0.0.1"), _setting("PORT", port, "8000")
    if port.isdecimal() and int(port) <= 65535 and (problem := address_problem(host, int(port))):
        sys.exit(f"percept: {problem}")


if __name__ == "__main__":
    main(*sys.argv[1:])
