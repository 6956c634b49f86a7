"""What processes tell each other through the environment."""

import contextlib
import os
import resource
import shutil
import sys
from pathlib import Path
from typing import TextIO

MANY_FILES = 65_536
ALLOCATOR = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "1000000",
    "MALLOC_TRIM_THRESHOLD_": "131072",
}


def metrics_folder() -> str | None:
    """The folder that prometheus-client shares counters through, when there are many workers."""
    return os.environ.get("PROMETHEUS_MULTIPROC_DIR")


def share_metrics(folder: Path) -> None:
    """Let the workers to come share their counters; must be called before any is made."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def log_to(descriptor: int) -> None:
    """Let this process and those to come write their log lines there."""
    os.environ["PERCEPT_LOG_DESCRIPTOR"] = str(descriptor)


def log_stream() -> TextIO:
    """Return where log lines go: standard error, unless something stands in front of that."""
    if descriptor := os.environ.get("PERCEPT_LOG_DESCRIPTOR"):
        return open(int(descriptor), "w", buffering=1, closefd=False)  # kept open
    return sys.stderr


def return_memory() -> None:
    """Let the processes to come give memory back once a large picture is done with.

    glibc would keep it, in as many arenas as there are threads. See docs/decisions/015.
    """
    for name, value in ALLOCATOR.items():
        os.environ.setdefault(name, value)


def allow_many_files() -> None:
    """Raise the number of files that the processes to come may open to what the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = MANY_FILES if hard == resource.RLIM_INFINITY else min(hard, MANY_FILES)
    # macOS refuses what is above a limit of its kernel.
    with contextlib.suppress(ValueError, OSError):
        if soft != resource.RLIM_INFINITY and soft < allowed:
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def aws_region() -> str | None:
    """The region of the store of files: by either of its variables, of which botocore reads one."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")


def overrule(values: dict[str, str]) -> None:
    """Let command-line options win over the environment, also in the processes to come."""
    os.environ.update(values)
