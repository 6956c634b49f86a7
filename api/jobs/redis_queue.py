"""The queue on Redis: RQ carries the ids of jobs to `percept worker`, and nothing else.

What RQ knows may be lost at any time; rows that it forgot are announced anew.
"""

import contextlib
from collections.abc import Collection, Iterator
from uuid import UUID

import rq
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq.serializers import JSONSerializer

from api.config import Settings
from api.errors import NotReady
from api.jobs.queue import News

TASK = "api.working.perform"
ANSWER_S = 1.0
FORGET_FAILED_S = 60


def connect(url: str) -> Redis:
    """A connection that fails soon where Redis is away; nothing is connected yet."""
    return Redis.from_url(
        url,
        socket_connect_timeout=ANSWER_S,
        socket_timeout=ANSWER_S,
        retry=Retry(NoBackoff(), 1),
    )


def name_of(service: str) -> str:
    """The name of a service's queue in Redis."""
    return f"percept-{service}"


class RedisQueue:
    """One list of ids for each service."""

    def __init__(self, settings: Settings):
        self._redis = connect(settings.redis_url)
        self._suspects: set[News] = set()

    def check(self) -> None:
        """Raises NotReady while Redis is away."""
        with _answering():
            self._redis.ping()

    def announce(self, *jobs: News) -> None:
        """Put the ids at the end of the lists. Raises NotReady."""
        with _answering():
            for job_id, service in jobs:
                self._queue(service).enqueue_call(
                    TASK,
                    args=(str(job_id),),
                    job_id=str(job_id),
                    timeout=-1,
                    result_ttl=0,
                    failure_ttl=FORGET_FAILED_S,
                )

    def missing(self, jobs: Collection[News], /) -> list[News]:
        """Those of the jobs whose ids are in no list, now and when last asked. Raises NotReady.

        Between the list and the claim a job is nowhere for a moment.
        """
        with _answering():
            listed = {
                UUID(job_id)
                for service in {service for _, service in jobs}
                for job_id in self._queue(service).job_ids
            }
        gone = {job for job in jobs if job[0] not in listed}
        unheard, self._suspects = gone & self._suspects, gone
        return list(unheard)

    def _queue(self, service: str) -> rq.Queue:
        return rq.Queue(name_of(service), connection=self._redis, serializer=JSONSerializer)


@contextlib.contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        raise NotReady("The job queue is not responding. Please try again.") from error
