"""All settings: those of one machine, and those of jobs, uploads and many machines."""

import base64
import re
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from api.config.addresses import is_address, is_origin
from api.config.basics import Basics, Names

# A name or *.name or an address, and perhaps a port: all that `api.jobs.webhooks` compares with.
_WEBHOOK_HOST = re.compile(r"((\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(:[1-9]\d{0,4})?")


class Settings(Basics):
    """All settings. A test compares the tables in docs/settings.md with this class."""

    redis_url: str = Field(
        "",
        alias="REDIS_URL",
        description="Redis for the job queue and rate limits: `redis://host:6379/0`. Empty: the "
        "database is used instead.",
    )
    queue: Literal["auto", "local", "rq"] = Field(
        "auto",
        alias="PERCEPT_QUEUE",
        description="What runs jobs: `local` (threads of the server), `rq` (`percept worker`, "
        "through Redis), or `auto` (`rq` if `REDIS_URL` is set).",
    )
    job_threads: int = Field(
        1,
        alias="PERCEPT_JOB_THREADS",
        ge=1,
        le=64,
        description="Jobs that one worker process of the server runs at a time, with the `local`"
        " queue.",
    )
    max_jobs: int = Field(
        1000,
        alias="PERCEPT_MAX_JOBS",
        ge=1,
        le=1_000_000,
        description="Maximum unfinished jobs of one user. More get 503.",
    )
    job_max_pages: int = Field(
        500,
        alias="PERCEPT_JOB_MAX_PAGES",
        ge=1,
        le=20_000,
        description="Maximum pages of a document in a job. A document may have 6,000 characters "
        "for each of these pages, and 2,000,000 at most.",
    )
    job_max_characters: int = Field(
        20_000,
        alias="PERCEPT_JOB_MAX_CHARACTERS",
        ge=1,
        le=20_000,
        description="Longest text to speak in a job, in characters.",
    )
    job_max_audio_minutes: int = Field(
        180,
        alias="PERCEPT_JOB_MAX_AUDIO_MINUTES",
        ge=1,
        le=6000,
        description="Longest recording to transcribe in a job, in minutes.",
    )
    job_days: int = Field(
        7,
        alias="PERCEPT_JOB_DAYS",
        ge=1,
        le=36_500,
        description="Days after which finished jobs are deleted. Their results stay in the "
        "history.",
    )
    upload_max_mb: int = Field(
        200,
        alias="PERCEPT_UPLOAD_MAX_MB",
        ge=1,
        le=100_000,
        description="Largest file for `/uploads`, in MB.",
    )
    upload_minutes: int = Field(
        60,
        alias="PERCEPT_UPLOAD_MINUTES",
        ge=1,
        le=10_080,
        description="Minutes during which an upload can be sent and used.",
    )
    public_url: str = Field(
        "",
        alias="PERCEPT_PUBLIC_URL",
        description="URL that clients use for this server, such as `https://percept.example`. "
        "Empty: taken from each request.",
    )
    webhook_secret: SecretStr = Field(
        SecretStr(""),
        alias="PERCEPT_WEBHOOK_SECRET",
        description="Secret that signs webhooks (Standard Webhooks): `whsec_` and base64 of 24 "
        "to 64 bytes. Required if webhook hosts are set.",
    )
    webhook_hosts: Names = Field(
        (),
        alias="PERCEPT_WEBHOOK_HOSTS",
        description="Hosts that `callback_url` may name, comma-separated. Empty: none.",
    )
    webhook_private: bool = Field(
        False,
        alias="PERCEPT_WEBHOOK_PRIVATE",
        description="Whether webhook hosts may have private addresses, `on` or `off`.",
    )

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str) -> str:
        if value and not is_address(value, "redis", "rediss"):
            raise ValueError("is not an address like redis://host:6379/0")
        return value

    @field_validator("queue")
    @classmethod
    def _queue(cls, value: str, info: ValidationInfo) -> str:
        if value == "rq" and info.data.get("redis_url") == "":
            raise ValueError("rq needs REDIS_URL")
        return value

    @field_validator("public_url")
    @classmethod
    def _public(cls, value: str) -> str:
        if value and not is_address(value, "http", "https"):
            raise ValueError("is not an address like https://percept.example")
        return value

    @field_validator("models_mirror")
    @classmethod
    def _mirror(cls, value: str) -> str:
        if "://" in value and not (is_address(value, "http", "https") or value[:7] == "file://"):
            raise ValueError("is neither a folder nor a file://, http:// or https:// address")
        return value

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(origin == "*" or is_origin(origin) for origin in value):
            raise ValueError("takes `*` or origins like https://app.example, without a path")
        return value

    @field_validator("metrics_token")
    @classmethod
    def _token(cls, value: SecretStr) -> SecretStr:
        plain = value.get_secret_value()
        if plain != plain.strip() or not (plain.isascii() and plain.isprintable()):
            raise ValueError("takes printable ASCII without spaces around it, as headers do")
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _webhook_secret(cls, value: SecretStr) -> SecretStr:
        plain = value.get_secret_value()
        if plain and not 24 <= _key_bytes(plain) <= 64:
            raise ValueError("is not `whsec_` and base64 of 24 to 64 bytes")
        return value

    @field_validator("webhook_hosts")
    @classmethod
    def _hosts(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        hosts = tuple(host.lower() for host in value)
        if not all(_WEBHOOK_HOST.fullmatch(host) for host in hosts):
            raise ValueError("takes `name`, `*.name`, `name:port`, in ASCII and without https://")
        secret = info.data.get("webhook_secret")  # missing where it was bad, which is told then
        if hosts and secret is not None and not secret.get_secret_value():
            raise ValueError("needs PERCEPT_WEBHOOK_SECRET, which signs the webhooks")
        return hosts

    @property
    def database_file(self) -> Path | None:
        """The file of SQLite; None for PostgreSQL and for a database in memory."""
        _, is_sqlite, file = self.database.partition("sqlite:///")
        return Path(file) if is_sqlite and file and file != ":memory:" else None

    @property
    def uses_rq(self) -> bool:
        """Whether jobs go through Redis."""
        return self.queue == "rq" or (self.queue == "auto" and bool(self.redis_url))


def _key_bytes(secret: str) -> int:
    """How long the key in a secret of Standard Webhooks is; 0 where there is none."""
    prefix, _, rest = secret.partition("whsec_")
    try:
        return 0 if prefix else len(base64.b64decode(rest, validate=True))
    except ValueError:
        return 0
