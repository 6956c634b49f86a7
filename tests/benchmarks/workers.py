"""How throughput grows with the number of `percept worker`, for work that waits.

    .venv/bin/python tests/benchmarks/workers.py [--workers 1 2 4 8] [--jobs 40] [--nap 0.5]

Starts PostgreSQL, Redis, a server, and so many workers, with a service whose engine sleeps. Sends
the jobs, then starts the clock with the first that ends and stops it with the last. Prints a line
of JSON for each number of workers: jobs a second, and what that is of the ideal.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from backends import PostgresServer, RedisServer, running
from kills import FINAL, items
from napping import copy_with_nap
from servers import PERCEPT, Server, environment, start, stop


def seconds_for(
    server: Server, workers: int, args: argparse.Namespace, env: dict[str, str]
) -> float:
    """From the first end of a job to the last; each worker was ready before."""
    running_workers = [
        subprocess.Popen([PERCEPT, "worker"], env=env, cwd=server.folder) for _ in range(workers)
    ]
    bearer = server.bearer("bench@example.com")
    try:
        send(server, bearer, 2 * workers, 1.0)  # until each of them has had one
        return send(server, bearer, args.jobs * workers, args.nap)
    finally:
        for worker in running_workers:
            worker.terminate()
        for worker in running_workers:
            worker.wait()


def send(server: Server, bearer: dict[str, str], jobs: int, nap: float) -> float:
    headers = {**bearer, "Prefer": "respond-async"}
    before = {job["id"] for job in items(server, bearer, "jobs")}
    for number in range(jobs):
        wish = {"name": str(number), "seconds": nap, "child": False}
        assert server.post("/api/v1/nap", json=wish, headers=headers).status_code == 202
    while True:
        mine = [job for job in items(server, bearer, "jobs") if job["id"] not in before]
        if all(job["status"] in FINAL for job in mine):
            ends = sorted(datetime.fromisoformat(job["finished_at"]) for job in mine)
            return (ends[-1] - ends[0]).total_seconds()
        time.sleep(0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--jobs", type=int, default=40, help="for each worker")
    parser.add_argument("--nap", type=float, default=0.5)
    args = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running(PostgresServer) as postgres,
        running(RedisServer) as redis,
    ):
        settings = {
            "PYTHONPATH": str(copy_with_nap(Path(folder) / "copy")),
            "PERCEPT_SERVICES": "accounts,history,jobs,nap",
            "DATABASE_URL": postgres.fresh("percept"),
            "REDIS_URL": redis.url,
            "PERCEPT_RATE_LIMITS": "off",
            "PERCEPT_LOG_LEVEL": "warning",
            "PERCEPT_WORKERS": "1",
        }
        server = start(Path(folder), **settings)
        env = environment(server.folder, **settings)
        for workers in args.workers:
            taken = seconds_for(server, workers, args, env)
            rate = (args.jobs * workers - workers) / taken
            figures = {"workers": workers, "jobs_per_s": round(rate, 2)}
            figures["of_ideal"] = round(rate * args.nap / workers, 3)
            sys.stdout.write(json.dumps(figures) + "\n")
            sys.stdout.flush()
        stop(server)


if __name__ == "__main__":
    main()
