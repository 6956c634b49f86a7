"""Tables only; what is done with them lives in the accounts."""

from api.models.api_key import ApiKey
from api.models.base import Base, new_id, now
from api.models.deletion import PendingDeletion
from api.models.history import HistoryEntry
from api.models.idempotency import IdempotentAnswer
from api.models.job import STATUSES, UNFINISHED, Job
from api.models.rate_counter import RateCounter
from api.models.session import Session
from api.models.upload import Upload
from api.models.user import ROLES, User

__all__ = [
    "ROLES",
    "STATUSES",
    "UNFINISHED",
    "ApiKey",
    "Base",
    "HistoryEntry",
    "IdempotentAnswer",
    "Job",
    "PendingDeletion",
    "RateCounter",
    "Session",
    "Upload",
    "User",
    "new_id",
    "now",
]
