"""Tables only; what is done with them lives in the accounts."""

from api.models.api_key import ApiKey
from api.models.base import Base, new_id, now
from api.models.history import HistoryEntry
from api.models.idempotency import IdempotentAnswer
from api.models.rate_counter import RateCounter
from api.models.session import Session
from api.models.user import ROLES, User

__all__ = [
    "ROLES",
    "ApiKey",
    "Base",
    "HistoryEntry",
    "IdempotentAnswer",
    "RateCounter",
    "Session",
    "User",
    "new_id",
    "now",
]
