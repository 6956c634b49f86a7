"""gunicorn's master, which on a reload keeps the old workers until the new ones serve.

gunicorn itself ends the old ones at once, and nobody answers while the new ones load models; where
the new ones cannot start it ends them all.
"""

import json
import logging
import signal
import sys
import time
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from typing import Any

from gunicorn.app.wsgiapp import WSGIApplication
from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer

log = logging.getLogger("percept.ready")
READY_S = 2.0
ENDINGS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)


class PatientMaster(Arbiter):  # type: ignore[misc]  # gunicorn ships no types
    """Starts workers, and ends those that are too many once the rest of them serve."""

    ending = False
    is_announced = False
    obstacle = ""

    def signal(self, sig: int, frame: Any) -> None:
        """Queue the signal; whoever wants us to end need not wait for new workers."""
        self.ending = self.ending or sig in ENDINGS
        super().signal(sig, frame)

    def manage_workers(self) -> None:
        """Start missing workers, end old ones; the new ones have as long as any sign of life."""
        until = time.monotonic() + self.cfg.timeout
        while self._new_ones_load() and not self.ending and time.monotonic() < until:
            time.sleep(0.05)
            self.reap_workers()
        super().manage_workers()
        if not self.is_announced and any(worker.serves for worker in self.WORKERS.values()):
            self.announce()

    def reap_workers(self) -> None:
        """Take note of the workers that have ended.

        Raises:
            HaltServer: one could not start, and there is none that serves.
        """
        try:
            super().reap_workers()
        except HaltServer as halt:
            serving = [worker for worker in self.WORKERS.values() if worker.serves]
            if not serving:
                raise
            self.log.warning("%s Those that serve go on.", halt.reason)
            self.worker_age += 1
            for worker in serving:  # of too many the oldest go, which now are the new ones
                worker.age = self.worker_age

    def announce(self) -> None:
        """Print where the server is as soon as it is ready; until then, log why it isn't."""
        host, port = self.LISTENERS[0].getsockname()[:2]
        obstacle = obstacle_to(host, port)
        if not obstacle:
            self.is_announced = True
            shown = f"[{host}]" if ":" in host else host
            with suppress(OSError):  # whoever read our output is gone
                sys.stdout.write(f"Percept serves on http://{shown}:{port} (docs: /docs).\n")
                sys.stdout.flush()
        elif obstacle != self.obstacle:
            log.warning("not ready: %s", obstacle)
        self.obstacle = obstacle

    def _new_ones_load(self) -> bool:
        """Whether there are too many workers, and the ones to be kept do not serve yet."""
        by_age = sorted(self.WORKERS.values(), key=lambda worker: worker.age)
        surplus = len(by_age) - self.num_workers
        return surplus > 0 and not all(worker.serves for worker in by_age[surplus:])


def obstacle_to(host: str, port: int) -> str:
    """Return why /health/ready does not answer 200, or nothing if it does."""
    connection = HTTPConnection(host, port, timeout=READY_S)
    try:
        connection.request("GET", "/health/ready", headers={"User-Agent": "percept-master"})
        answer = connection.getresponse()
        return "" if answer.status == 200 else str(json.loads(answer.read())["detail"])
    except (OSError, HTTPException, ValueError) as error:
        return f"no answer ({type(error).__name__})"
    finally:
        connection.close()


class Application(WSGIApplication):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn's command line with this master."""

    def run(self) -> None:
        """Serve until a signal ends it."""
        PatientMaster(self).run()


if __name__ == "__main__":
    Application("%(prog)s [OPTIONS] [APP_MODULE]", prog="gunicorn").run()
