"""The other end of the queue on Redis: RQ's worker, in this very process.

RQ would fork for each job, and every fork would load the models anew.
"""

import time

from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from rq.worker import DequeueStrategy

from api.jobs.redis_queue import connect, name_of

AGAIN_S = 1.0
WAIT_S = 2  # for a job, in one call


class Worker(SimpleWorker):
    """Reconnects soon after Redis was away, and ends soon after SIGTERM.

    The system may deliver the signal to a thread of a native library. The main thread, which has to
    handle it, then notices it only when its call to Redis returns. RQ lets that call block for
    seven minutes.
    """

    max_connection_wait_time = 2.0
    dequeue_timeout = WAIT_S


def serve(url: str, services: list[str]) -> None:
    """Do jobs of the services in turn, until told to stop; Redis may come and go meanwhile."""
    while not _until_told(url, services):
        time.sleep(AGAIN_S)


def _until_told(url: str, services: list[str]) -> bool:
    """Whether it was told to stop; else Redis has gone away."""
    worker = Worker(
        [name_of(service) for service in services],
        connection=connect(url),
        serializer=JSONSerializer,
    )
    try:
        worker.work(logging_level="WARNING", dequeue_strategy=DequeueStrategy.ROUND_ROBIN)
    except RedisError:
        return bool(worker._stop_requested)
    return True
