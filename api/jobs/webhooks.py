"""Tells a client's server that a job has ended: one signed POST, to hosts that were listed only.

Signed as https://www.standardwebhooks.com has it. A `callback_url` comes from a stranger, so that
this is where a server could be made to call its own neighbours: see docs/decisions/027.
"""

import re
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any
from urllib.parse import urljoin

from requests.exceptions import RequestException, SSLError, Timeout
from requests_hardened import Config, HTTPSession, ip_filter
from requests_hardened.ip_filter import InvalidIPAddress
from standardwebhooks import Webhook
from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from api.config import Settings
from api.errors import Invalid, invalid
from api.jobs.networks import NOT_PUBLIC
from api.jobs.time_limit import limited

DELAYS = (5, 30, 120, 600, 3600, 21_600)  # seconds from one failed try to the next
CONNECT_SECONDS, SECONDS, REDIRECTS, LENGTH = 3, 10, 3, 2000
# An authority without user name, escapes and backslash; then a path or query, no fragment.
_FORM = re.compile(r"https?://[^\s/?#@\\%]+([/?][^\s#\\]*)?", re.IGNORECASE)
# What resolvers take for an address in some spelling: 127.1, 2130706433, 0x7f.1, [::1].
_NUMERIC = re.compile(r"\[.*|(.*\.)?(\d+|0x[0-9a-f]*)\.?")
_KEEP_METHOD = (307, 308)

# Its own list lacks some, such as ::/96 and fec0::/10.
ip_filter.EXTRA_BLOCKED_NET_RANGES = NOT_PUBLIC


class NotDelivered(Exception):
    """The other side did not take the message; the text says why, without the address."""


def check(url: str, settings: Settings) -> str:
    """The address in its usual spelling, if this server may call it.

    It is read by the very parser that the connection uses. A host without a port in
    `PERCEPT_WEBHOOK_HOSTS` allows the usual port only. Nothing is looked up: `send` does.

    Raises:
        Invalid: of field `callback_url`.
    """
    if not settings.webhook_hosts:
        raise invalid(
            "callback_url", "Webhooks are disabled on this server: PERCEPT_WEBHOOK_HOSTS is empty."
        )
    parts = _parts(url)
    if parts is None or not parts.host or parts.port == 0:
        raise invalid(
            "callback_url",
            "Must be an absolute URL of at most %(most)s characters, without a user name, a "
            "fragment or special characters.",
            most=LENGTH,
        )
    if parts.scheme != "https" and not settings.webhook_private:
        raise invalid("callback_url", "Must start with https://.")
    if not _is_listed(parts, settings):
        raise invalid("callback_url", "This server is not allowed to send webhooks to this host.")
    return parts.url


def send(settings: Settings, url: str, message_id: str, body: bytes) -> None:
    """Post JSON to this address, signed; at most 10 seconds after the names are looked up.

    The body of the answer is not read. Of redirects only 307 and 308 are followed, three at
    most, each checked like the first address.

    Raises:
        NotDelivered: there was no answer of 2xx.
    """
    headers = _headers(settings, message_id, body)
    with _session(settings) as session, limited(session, SECONDS) as watch:
        try:
            status = _post(session, settings, url, data=body, headers=headers)
        except Invalid:
            raise NotDelivered("its address is not allowed") from None
        except (RequestException, ValueError, OSError) as error:
            raise NotDelivered("took too long" if watch.is_over else _reason(error)) from None
        if watch.is_over:  # a head that was cut looks like a whole one
            raise NotDelivered("took too long")
    if not 200 <= status < 300:
        raise NotDelivered(f"answered {status}")


def _parts(url: str) -> Url | None:
    if len(url) > LENGTH or not url.isprintable() or not _FORM.fullmatch(url):
        return None
    try:
        return parse_url(url)
    except LocationParseError:
        return None


def _is_listed(parts: Url, settings: Settings) -> bool:
    host, usual = parts.host or "", 443 if parts.scheme == "https" else 80
    ports = ("", f":{usual}") if parts.port in (None, usual) else (f":{parts.port}",)
    names = {host} if _NUMERIC.fullmatch(host) else {host, *_wildcards(host)}
    listed = any(name + port in settings.webhook_hosts for name in names for port in ports)
    return listed and (settings.webhook_private or not _NUMERIC.fullmatch(host))


def _wildcards(host: str) -> list[str]:
    """`a.b.c` is within `*.b.c` and `*.c`."""
    labels = host.split(".")
    return ["*." + ".".join(labels[n:]) for n in range(1, len(labels))] if all(labels) else []


def _headers(settings: Settings, message_id: str, body: bytes) -> dict[str, str]:
    now = datetime.now(UTC)
    webhook = Webhook(settings.webhook_secret.get_secret_value())
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": webhook.sign(message_id, now, body.decode()),
    }


def _session(settings: Settings) -> Any:
    """A session that connects to the very address which it has judged, and knows no proxies."""
    session = HTTPSession(
        Config(
            ip_filter_enable=not settings.webhook_private,
            ip_filter_allow_loopback_ips=False,
            never_redirect=True,
            default_timeout=(CONNECT_SECONDS, SECONDS),
            user_agent_override=f"percept/{version('percept')}",
        )
    )
    session.trust_env = False
    # Or else requests reads all of a redirect's body, however long, to prepare what it will not do.
    session.get_redirect_target = lambda _: None
    return session


def _post(session: Any, settings: Settings, url: str, **request: Any) -> int:
    for _ in range(1 + REDIRECTS):
        url = check(url, settings)
        with session.post(url, stream=True, **request) as answer:
            target = answer.headers.get("location")
            if answer.status_code not in _KEEP_METHOD or not target:
                return int(answer.status_code)
            url = urljoin(url, target)
    raise NotDelivered("redirects too often")


def _reason(error: Exception) -> str:
    kinds = {
        InvalidIPAddress: "its address is private",
        Timeout: "took too long",
        SSLError: "its certificate does not hold",
    }
    return next((text for kind, text in kinds.items() if isinstance(error, kind)), "no answer")
