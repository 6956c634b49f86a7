"""Rate limits of the sign-in routes, told in the RateLimit fields of the IETF draft."""

import logging
import math
import time
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from flask import Flask, Response, current_app, g, request
from limits import RateLimitItem, parse
from limits.strategies import FixedWindowRateLimiter

from api.config import Settings
from api.db.counters import DatabaseCounters
from api.db.redis_counters import SharedCounters
from api.errors import PerceptError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limit:
    """A named quota, such as ("login", parse("10/15 minutes"))."""

    name: str
    item: RateLimitItem


class RateLimited(PerceptError):
    """Too often; says when to come back."""

    code = "rate_limited"

    def __init__(self, wait: int):
        super().__init__("Too many requests. Please wait %(seconds)s seconds.", seconds=wait)
        self.headers = {"Retry-After": str(min(wait, 60))}


def limit(name: str, quota: str) -> Limit:
    """A limit in the words of the `limits` library."""
    return Limit(name, parse(quota))


def check(limit: Limit, *who: str) -> None:
    """Refuse when the quota is used up, without counting.

    Raises:
        RateLimited: the quota of this window is used up.
    """
    if limiter := _limiter():
        fits = limiter.test(limit.item, limit.name, *who)
        wait = _tell(limiter, limit, who)
        if not fits:
            raise RateLimited(wait)


def count(limit: Limit, *who: str) -> None:
    """Count one more.

    Raises:
        RateLimited: that is more than the quota.
    """
    if limiter := _limiter():
        fits = limiter.hit(limit.item, limit.name, *who)
        wait = _tell(limiter, limit, who)
        if not fits:
            raise RateLimited(wait)


def forget(limit: Limit, *who: str) -> None:
    """Start the count anew."""
    if limiter := _limiter():
        limiter.clear(limit.item, limit.name, *who)


def address() -> str:
    """Return the client's address; what proxies say counts only where they are trusted."""
    told = request.remote_addr or ""
    return str(_parsed(told) or told)


def client() -> str:
    """Return what counts as one client: an IPv4 address, or the /64 network of an IPv6 address.

    Whoever has an IPv6 address has the 2^64 others of its network as well.
    """
    _warn_of_proxies()
    parsed = _parsed(address())
    if isinstance(parsed, IPv6Address):
        return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"
    return address()


def _warn_of_proxies() -> None:
    """Say so, once, if a proxy is not trusted: all its clients would share each limit."""
    forwarded = "X-Forwarded-For" in request.headers
    if forwarded and not current_app.config["SETTINGS"].trusted_proxies:
        peer = _parsed(address())
        # Strangers may send the header too; a proxy of ours has a private address.
        if peer and peer.is_private and current_app.extensions.pop("warn_of_proxies", False):
            log.warning(
                "requests come through a proxy that is not trusted: all its clients count as one; "
                "set PERCEPT_TRUSTED_PROXIES"
            )


def _parsed(told: str) -> IPv4Address | IPv6Address | None:
    """Return the address without its port, which some proxies add; IPv4 within IPv6 is IPv4."""
    bare = told.partition(":")[0] if told.count(":") == 1 else told
    if told.startswith("["):
        bare = told[1:].partition("]")[0]
    try:
        found = ip_address(bare)
    except ValueError:
        return None
    return (isinstance(found, IPv6Address) and found.ipv4_mapped) or found


def _limiter() -> FixedWindowRateLimiter | None:
    return current_app.extensions["limiter"]  # type: ignore[no-any-return]


def _tell(limiter: FixedWindowRateLimiter, limit: Limit, who: tuple[str, ...]) -> int:
    """Remember the state for the answer's headers; returns the seconds to wait."""
    stats = limiter.get_window_stats(limit.item, limit.name, *who)
    wait = max(1, math.ceil(stats.reset_time - time.time()))
    g.setdefault("rate_limits", {})[limit] = (max(0, stats.remaining), wait)
    return wait


def _headers(response: Response) -> Response:
    if told := g.get("rate_limits"):
        policies = [f'"{x.name}";q={x.item.amount};w={x.item.get_expiry()}' for x in told]
        states = [f'"{x.name}";r={left};t={wait}' for x, (left, wait) in told.items()]
        response.headers["RateLimit-Policy"] = ", ".join(policies)
        response.headers["RateLimit"] = ", ".join(states)
    return response


def init_app(app: Flask, settings: Settings) -> None:
    """Makes the limiter, or none where the setting is off."""
    app.extensions["limiter"] = None
    if settings.rate_limits:
        url = settings.redis_url
        storage = SharedCounters(url) if url else DatabaseCounters()
        app.extensions["limiter"] = FixedWindowRateLimiter(storage)
        app.extensions["warn_of_proxies"] = True
    app.after_request(_headers)
