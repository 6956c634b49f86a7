"""Commands under strace: which hosts they looked up or connected to, and where they wrote."""

import contextlib
import ipaddress
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from servers import environment

from api.config import ROOT

CALLS = (
    "connect,sendto,sendmsg,sendmmsg,?open,openat,?creat,?mkdir,mkdirat,?rename,renameat,renameat2,"
    "?link,linkat,?symlink,symlinkat,?mknod,mknodat"
)
# -ff: a file for each process; --seccomp-bpf: the calls that are not traced cost nothing.
OPTIONS = ("-f", "-ff", "--seccomp-bpf", "-y", "-qq", "-s", "400", "-e", f"trace={CALLS}")
ADDRESS = re.compile(r'htons\((\d+)\).*?(?:inet_addr\(|inet_pton\(AF_INET6, )"([^"]+)"')
# What the C library opens, or asks, when it looks up a name.
LOOKUP = re.compile(r'"(/etc/resolv\.conf|[^"]*io\.systemd\.Resolve)"')
OPENED = re.compile(r"^(?:open|openat|creat)\(.*(?:O_WRONLY|O_RDWR|O_CREAT|creat\().* = \d+<(.*)>")
MADE = re.compile(r'^(?:mk|rename|link|symlink).*"([^"]+)".* = 0$')
DNS = 53
# Not files: devices, semaphores, what the kernel shows of a process, memory without a name.
NO_FILES = re.compile(r"/dev/(null|tty|u?random)$|/dev/shm/sem\.|/proc/|/memfd:|[a-z_]+:")
# Python's own cache of what is installed.
CACHED = re.compile(rf"({re.escape(str(ROOT))}|{re.escape(sys.prefix)}).*/__pycache__(/|$)")


@dataclass(frozen=True)
class Traced:
    """Commands that share an empty home folder, a folder for temporary files and a data folder."""

    folder: Path

    @property
    def home(self) -> Path:
        return self._made("home")

    @property
    def temporary(self) -> Path:
        return self._made("temporary")

    @contextlib.contextmanager
    def started(self, *command: str | Path, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
        """The command while the block runs; then it is ended as an operator would end it."""
        if not (strace := shutil.which("strace")):
            pytest.skip("strace is not installed (Debian: strace)")
        traces = str(self._made("traces") / "trace")
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [strace, *OPTIONS, "-o", traces, *command],
                cwd=self._made("cwd"),
                env=self._environment(settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            yield process
            with contextlib.suppress(psutil.NoSuchProcess, IndexError):
                psutil.Process(process.pid).children()[0].send_signal(signal.SIGTERM)
            process.wait(40)
        finally:
            process.kill()
            process.wait()

    def run(self, *command: str | Path, **settings: str) -> None:
        """Runs the command to its end, which has to be a good one."""
        with self.started(*command, **settings) as process:
            assert process.wait(120) == 0, self.log()

    def log(self) -> str:
        return (self.folder / "log").read_text()[-3000:]

    def calls_out(self) -> list[str]:
        """Each look-up of a name, and each connection to another machine."""
        return [line for line in self._lines() if LOOKUP.search(line) or _goes_out(line)]

    def strays(self) -> list[str]:
        """Each file or folder that was made or written outside of the folders for that."""
        found = (m[1] for line in self._lines() if (m := OPENED.search(line) or MADE.search(line)))
        return [path for path in found if not self._may_be(path)]

    def _may_be(self, path: str) -> bool:
        places = (f"{self.folder / name}/" for name in ("data", "temporary"))
        own = f"{path}/".startswith(tuple(places))
        return own or bool(NO_FILES.match(path) or CACHED.match(path))

    def _lines(self) -> Iterator[str]:
        for file in sorted(self._made("traces").iterdir()):
            with file.open(errors="replace") as lines:
                yield from (line.rstrip("\n") for line in lines)

    def _environment(self, settings: dict[str, str]) -> dict[str, str]:
        more = {"HOME": str(self.home), "TMPDIR": str(self.temporary), **settings}
        # Some libraries are silent where they take the machine for one that runs tests.
        return {k: v for k, v in environment(self.folder, **more).items() if k in _KEPT | {*more}}

    def _made(self, name: str) -> Path:
        (self.folder / name).mkdir(exist_ok=True)
        return self.folder / name


_KEPT = {"PATH", "LANG", "PERCEPT_DATA_DIR", "DATABASE_URL"}


def _goes_out(line: str) -> bool:
    if not (found := ADDRESS.search(line)):
        return False
    return int(found[1]) == DNS or not ipaddress.ip_address(found[2]).is_loopback
