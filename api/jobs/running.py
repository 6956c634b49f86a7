"""An attempt at a job, as the code that computes sees it."""

import threading

from api.jobs.states import Claim


class Unwanted(BaseException):
    """The attempt is no longer wanted: the job was cancelled, or given to another worker.

    No Exception, so that nothing on its way takes it for a fault of the work.
    """


class Running:
    """One attempt: the claim, how far it is, and whether it is still wanted."""

    def __init__(self, claim: Claim):
        self.claim = claim
        self.progress = 0.0
        self.unwanted = threading.Event()

    def report(self, progress: float) -> None:
        """Say how far it is, 0 to 1.

        Raises:
            Unwanted: there is no use in going on.
        """
        self.progress = min(max(progress, self.progress), 1.0)
        if self.unwanted.is_set():
            raise Unwanted
