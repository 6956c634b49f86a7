"""How much memory a task may take on top of what its process has."""

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STATM = Path("/proc/self/statm")


@contextmanager
def limited_to(megabytes: int) -> Iterator[None]:
    """Make allocations fail that need more than so much more address space. Only on Linux.

    Native libraries end their process then, so this is meant for child processes.
    """
    if sys.platform != "linux":
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(STATM.read_text().split()[0]) * resource.getpagesize()
    wanted = used + megabytes * 1_000_000
    limit = wanted if soft == resource.RLIM_INFINITY else min(wanted, soft)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
