"""Recognises the addresses that settings may hold."""

from urllib.parse import urlsplit


def is_address(url: str, *schemes: str) -> bool:
    """Return whether the URL has one of the schemes, a host, and a port that can be one."""
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def is_origin(url: str) -> bool:
    """Return whether a browser or an app may send this as Origin: a scheme and a host, no path."""
    parts = urlsplit(url)
    plain = f"{parts.scheme}://{parts.netloc}" == url and "*" not in url
    return plain and is_address(url, parts.scheme)


def has_good_port(url: str) -> bool:
    """Return whether the port of the URL, if there is one, can be one."""
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False
