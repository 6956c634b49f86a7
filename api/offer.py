"""What this process offers: accounts, their features, and services."""

from api import accounts, services
from api.config import BadSetting, Settings
from api.similar import did_you_mean, most_similar


def offered(settings: Settings) -> frozenset[str]:
    """Return the names of what this process offers.

    Raises:
        BadSetting: PERCEPT_SERVICES names something else.
    """
    known = {"accounts", *accounts.APART.values(), *services.names()}
    wanted = set(settings.services) or known
    if unknown := sorted(wanted - known):
        choice = f"Choose from {', '.join(sorted(known))}."
        hint = did_you_mean(most_similar(unknown[0], known)) or "."
        raise BadSetting(f"PERCEPT_SERVICES: there is no {unknown[0]!r}{hint} {choice}")
    return frozenset(wanted)
