"""All settings: those of one machine, and those of jobs, uploads and many machines."""

from typing import Literal

from pydantic import Field, SecretStr, field_validator

from api.config.basics import Basics, Names


class Settings(Basics):
    """All settings. The table in the README is made from this class."""

    redis_url: str = Field(
        "",
        alias="REDIS_URL",
        description="Redis, for the queue of jobs and for rate limits: `redis://host:6379/0`; "
        "empty means that the database does its work.",
    )
    queue: Literal["auto", "local", "rq"] = Field(
        "auto",
        alias="PERCEPT_QUEUE",
        description="Who does the jobs: `local` (threads of the server), `rq` (`percept worker`, "
        "through Redis), or `auto` (rq where there is REDIS_URL).",
    )
    job_threads: int = Field(
        1,
        alias="PERCEPT_JOB_THREADS",
        ge=1,
        le=64,
        description="Jobs that one worker of the server does at a time, where the queue is local.",
    )
    max_jobs: int = Field(
        1000,
        alias="PERCEPT_MAX_JOBS",
        ge=1,
        le=1_000_000,
        description="Unfinished jobs that one user may have; more get 503.",
    )
    job_max_pages: int = Field(
        500,
        alias="PERCEPT_JOB_MAX_PAGES",
        ge=1,
        le=20_000,
        description="Most pages of a document that is read as a job.",
    )
    job_max_characters: int = Field(
        20_000,
        alias="PERCEPT_JOB_MAX_CHARACTERS",
        ge=1,
        le=20_000,
        description="Longest text that is spoken as a job.",
    )
    job_max_audio_minutes: int = Field(
        180,
        alias="PERCEPT_JOB_MAX_AUDIO_MINUTES",
        ge=1,
        le=6000,
        description="Longest recording that is transcribed as a job, minutes.",
    )
    job_days: int = Field(
        7,
        alias="PERCEPT_JOB_DAYS",
        ge=1,
        le=36_500,
        description="Ended jobs are forgotten after so many days; their results stay in the "
        "history.",
    )
    upload_max_mb: int = Field(
        200,
        alias="PERCEPT_UPLOAD_MAX_MB",
        ge=1,
        le=100_000,
        description="Largest file that is put to `/uploads`, MB.",
    )
    upload_minutes: int = Field(
        60,
        alias="PERCEPT_UPLOAD_MINUTES",
        ge=1,
        le=10_080,
        description="How long an upload can be put and used, minutes.",
    )
    public_url: str = Field(
        "",
        alias="PERCEPT_PUBLIC_URL",
        description="Address under which clients know this server, such as "
        "`https://percept.example`; empty means the one that a request came to.",
    )
    webhook_hosts: Names = Field(
        (),
        alias="PERCEPT_WEBHOOK_HOSTS",
        description="Hosts that a job's `callback_url` may name, comma-separated; empty means "
        "none.",
    )
    webhook_secret: SecretStr = Field(
        SecretStr(""),
        alias="PERCEPT_WEBHOOK_SECRET",
        description="Secret that signs webhooks (Standard Webhooks): `whsec_` and base64 of "
        "24 to 64 bytes. Needed where there are webhook hosts.",
    )
    webhook_private: bool = Field(
        False,
        alias="PERCEPT_WEBHOOK_PRIVATE",
        description="Whether those hosts may have private addresses, `on`/`off`.",
    )

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("is not a redis:// address")
        return value

    @property
    def uses_rq(self) -> bool:
        """Whether jobs go through Redis."""
        return self.queue == "rq" or (self.queue == "auto" and bool(self.redis_url))
