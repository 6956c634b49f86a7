"""What clients see while PostgreSQL or Redis is away, ten times, and after it.

    .venv/bin/python tests/benchmarks/outages.py [--rounds 10] [--seconds 30] [--of redis]

Starts PostgreSQL, Redis and a server with two workers, and clients that read, write and sign in.
Every second round stops the program (it refuses connections), every other one freezes it (it
accepts them and says nothing). Prints a line of JSON for each round and one for all.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from backends import PostgresServer, RedisServer, running
from outages import Writer, outage
from servers import start, stop

LOGIN = {"email": "bench@example.com", "password": "ten thousand small lamps"}


def say(**figures: object) -> None:
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()


def measure(args: argparse.Namespace, postgres: PostgresServer, redis: RedisServer) -> None:
    """All rounds on one server, which is never restarted."""
    more = {"DATABASE_URL": postgres.fresh("percept"), "REDIS_URL": redis.url}
    with tempfile.TemporaryDirectory() as folder:
        server = start(Path(folder), PERCEPT_SERVICES="accounts", **more)
        writer = Writer(server, LOGIN["email"], people=20)
        asks = [writer.write, writer.read]
        if args.of == "redis":
            asks.append(lambda client: client.post("/api/v1/auth/login", json=LOGIN))
        away = {"postgres": postgres, "redis": redis}[args.of]
        longest = back = 0.0
        failures = 0
        for number in range(args.rounds):
            how = ("stop", "freeze")[number % 2]
            seen = outage(server, asks, away, how, args.seconds)
            longest, back = max(longest, seen.longest), max(back, seen.back)
            failures += len(seen.failures)
            seconds = {"longest_s": seen.longest, "first_s": seen.first, "back_s": seen.back}
            say(how=how, **{name: round(value, 2) for name, value in seconds.items()})
            say(answers=dict(seen.answers), failures=seen.failures[:3])
        written, missing = len(writer.acknowledged), len(writer.missing())
        say(of=args.of, longest_s=round(longest, 2), back_s=round(back, 2), failures=failures)
        say(acknowledged=written, missing=missing, exit=stop(server))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--of", choices=["postgres", "redis"], default="postgres")
    with running(PostgresServer) as postgres, running(RedisServer) as redis:
        measure(parser.parse_args(), postgres, redis)


if __name__ == "__main__":
    main()
