"""Turns what native code writes to standard error into log lines.

TensorFlow, LiteRT and others write there past Python's logging, and so does gunicorn when it fails.
A small process reads all of it and writes it as JSON; our own log lines go past it, so each stays
whole. See docs/architecture.md.
"""

import logging
import os
import re
import signal
import subprocess
import sys

from api import jsonlines

LONGEST = 64 * 1024  # bytes of one line
# INFO and WARNING of LiteRT, I0000 and E0000 of TensorFlow, and so on.
LEVEL = re.compile(r"(?:(INFO|WARNING|ERROR|FATAL)\b|([IWEF])\d{4}\b)")
LEVELS = {"I": logging.INFO, "W": logging.WARNING, "E": logging.ERROR, "F": logging.CRITICAL}


def redirect_stderr(level: str) -> int:
    """Start the process; return the descriptor that log lines have to be written to."""
    direct = os.dup(2)
    os.set_inheritable(direct, True)
    reading, writing = os.pipe()
    subprocess.run(  # noqa: S603  # our own module
        [sys.executable, "-m", "api.server.relay", level],
        stdin=reading,
        stdout=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the server; this ends when nobody writes any more
        check=True,
    )
    os.dup2(writing, 2)
    for end in (reading, writing):
        os.close(end)
    return direct


def severity(line: str) -> int:
    """Return the level that the line itself names; a warning if it names none."""
    found = LEVEL.match(line)
    return LEVELS[(found[1] or found[2])[0]] if found else logging.WARNING


def main(level: str) -> None:
    """Log each line of standard input until all who write to it have ended."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    jsonlines.configure(level)
    log = logging.getLogger("stderr")
    for line in iter(lambda: sys.stdin.buffer.readline(LONGEST), b""):
        if text := line.decode("utf-8", "replace").rstrip():
            log.log(severity(text), "%s", text)


if __name__ == "__main__":
    # Its parent ends, so that the children of the server are its workers and nothing else.
    if os.fork():
        os._exit(0)
    main(*sys.argv[1:])
