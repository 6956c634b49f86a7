"""Which parts there are, on which ports, with which settings."""

import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from demo import backing
from demo.front import Ports, nginx, prometheus
from demo.parts import Failed, Part, Programs, answers, environment, free_ports, listens

PERCEPT = Path(sys.executable).with_name("percept")
SERVICES = {
    "accounts": "accounts,history,jobs",
    "classify": "classify",
    "ocr": "ocr",
    "tts": "tts",
    "stt": "stt",
}
REPLICAS = {"accounts": 2, "classify": 2, "ocr": 1, "tts": 1, "stt": 1, "worker": 2}
LIMITS = {"PERCEPT_MAX_UPLOAD_MB": 25, "PERCEPT_UPLOAD_MAX_MB": 200}


class Topology:
    """All of it, within `with`: a temporary folder, and the processes in it.

    Raises:
        Failed: a part does not start.
    """

    def __init__(self, port: int = 0, replicas: dict[str, int] | None = None, **settings: str):
        ports = free_ports()
        self.port = port or next(ports)
        self._backing = {name: next(ports) for name in ("postgres", "redis", "s3", "prometheus")}
        wanted = REPLICAS | (replicas or {})
        self.ports: Ports = {name: [next(ports) for _ in range(n)] for name, n in wanted.items()}
        self.folder = Path(tempfile.mkdtemp(prefix="percept-demo-"))
        self.folder.chmod(0o711)  # PostgreSQL's user has to get to its own folder
        self.programs = Programs(self.folder)
        self._password, self._more = secrets.token_urlsafe(16), settings
        self.settings = self._settings()

    @property
    def url(self) -> str:
        """Where nginx listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def prometheus_url(self) -> str:
        """Where Prometheus listens."""
        return f"http://127.0.0.1:{self._backing['prometheus']}"

    def _settings(self) -> dict[str, str]:
        """What all parts of Percept have in common."""
        at = {name: f"127.0.0.1:{port}" for name, port in self._backing.items()}
        return {
            **backing.s3_settings(self._backing["s3"]),
            "DATABASE_URL": f"postgresql://percept:{self._password}@{at['postgres']}/percept",
            "REDIS_URL": f"redis://{at['redis']}/0",
            "PERCEPT_STORAGE_URL": f"s3://{backing.BUCKET}/files",
            "PERCEPT_SECRET": secrets.token_urlsafe(48),
            "PERCEPT_PUBLIC_URL": self.url,
            "PERCEPT_TRUSTED_PROXIES": "1",
            "PERCEPT_WORKERS": "1",
            "PERCEPT_GUESTS": "1",
            **{name: str(value) for name, value in LIMITS.items()},
            **self._more,
        }

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        names = self.programs.names()
        below = [name for name in names if name in self._backing]
        self.programs.stop([name for name in names if name not in below])
        self.programs.stop(below)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self) -> None:
        ports = self._backing
        self.programs.start(
            backing.postgres(self.folder, ports["postgres"], self._password),
            backing.redis(self.folder, ports["redis"]),
            backing.s3(ports["s3"]),
        )
        backing.make_bucket(self.settings)
        self.percept("setup")
        self.programs.start(
            *self._parts(),
            prometheus(self.folder, ports["prometheus"], self.ports),
            nginx(self.folder, self.port, self.ports, LIMITS),
        )

    def _parts(self) -> list[Part]:
        """Every process of Percept."""
        return [
            self._worker(n, port) if name == "worker" else self._server(name, n, port)
            for name, ports in self.ports.items()
            for n, port in enumerate(ports, 1)
        ]

    def _server(self, name: str, n: int, port: int) -> Part:
        own = {"PERCEPT_SERVICES": SERVICES[name], "PORT": str(port)}
        ready = answers(port, "/health/ready")
        return Part(f"{name}-{n}", (PERCEPT, "serve"), ready, self._environment(f"{name}-{n}", own))

    def _worker(self, n: int, port: int) -> Part:
        command = (PERCEPT, "worker", "--port", str(port))
        return Part(f"worker-{n}", command, listens(port), self._environment(f"worker-{n}", {}))

    def _environment(self, name: str, own: dict[str, str]) -> dict[str, str]:
        # Each has a folder of its own, as it would have on a machine of its own.
        return {**self.settings, "PERCEPT_DATA_DIR": str(self.folder / name), **own}

    def percept(self, *words: str, asked: str = "") -> str:
        """What a `percept` command says that is run with the settings of all parts.

        Raises:
            Failed: it refuses.
        """
        done = subprocess.run(  # noqa: S603  # our own command
            [PERCEPT, *words],
            cwd=self.folder,
            env=environment(self._environment("commands", {})),
            input=asked,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Failed(f"percept {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout
