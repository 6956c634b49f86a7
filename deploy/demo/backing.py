"""What Percept's parts stand on: PostgreSQL, Redis, an S3 server. Data of one evening only."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import s3fs

from demo.parts import Failed, Part, answers, environment, listens, program

BUCKET, S3_KEY = "percept", "demo"


def postgres(folder: Path, port: int, password: str) -> Part:
    """A database server with user and database `percept`; makes its files first."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    initdb = program("initdb", *programs[-1:])
    home = folder / "postgres"
    home.mkdir()
    (home / "password").write_text(password)
    owner: list[str | Path] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(home, "postgres", "postgres")
        shutil.chown(home / "password", "postgres", "postgres")
        owner = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups", "--"]
    options = ["--username", "percept", "--auth", "scram-sha-256", "--no-sync", "--pwfile"]
    command = [*owner, initdb, "--pgdata", home / "data", *options, home / "password"]
    done = subprocess.run(  # noqa: S603  # our own command
        command, cwd="/", env=environment({}), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Failed(f"initdb: {done.stderr.strip()}")
    # Nothing has to outlive a loss of power here.
    settings = [f"port={port}", f"unix_socket_directories={home}", "fsync=off"]
    settings += ["listen_addresses=127.0.0.1", "max_connections=300"]
    arguments = [word for setting in settings for word in ("-c", setting)]
    return Part(
        "postgres",
        (initdb.with_name("postgres"), "-D", home / "data", *arguments),
        lambda: _made(port, password),
        ends_by=signal.SIGINT,  # "fast": without waiting for its clients
        user="postgres",
    )


def _made(port: int, password: str) -> bool:
    """Whether the server answers; makes the database."""
    address = f"postgresql://percept:{password}@127.0.0.1:{port}/postgres"
    try:
        with psycopg.connect(address, autocommit=True, connect_timeout=2) as connection:
            connection.execute("CREATE DATABASE percept")
    except psycopg.errors.DuplicateDatabase:
        return True
    except psycopg.OperationalError:
        return False
    return True


def redis(folder: Path, port: int) -> Part:
    """A Redis that writes nothing to disk: what it loses, the database knows."""
    command = (program("redis-server"), "--port", str(port), "--bind", "127.0.0.1")
    quiet = ("--save", "", "--appendonly", "no", "--dir", str(folder))
    return Part("redis", (*command, *quiet), listens(port))


def s3(port: int) -> Part:
    """moto's S3 server, which keeps everything in its memory."""
    moto = Path(sys.executable).with_name("moto_server")
    if not moto.exists():
        raise Failed("moto_server is not installed: make .venv/.dev")
    command = (moto, "--host", "127.0.0.1", "--port", str(port))
    return Part("s3", command, answers(port, "/moto-api/"))


def s3_settings(port: int) -> dict[str, str]:
    """The usual AWS variables for that server."""
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": S3_KEY,
        "AWS_SECRET_ACCESS_KEY": secrets.token_urlsafe(16),
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def make_bucket(settings: dict[str, str]) -> None:
    """Make the bucket."""
    s3fs.S3FileSystem(
        key=settings["AWS_ACCESS_KEY_ID"],
        secret=settings["AWS_SECRET_ACCESS_KEY"],
        endpoint_url=settings["AWS_ENDPOINT_URL"],
        skip_instance_cache=True,
    ).mkdir(BUCKET)
