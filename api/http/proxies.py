"""What trusted proxies say: the client's address, and the host and path that the client sees."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, has_request_context, request
from werkzeug.middleware.proxy_fix import ProxyFix

from api.config import Settings

# Plain segments: no empty one, which would make a link to another host, and no dots alone.
PREFIX = re.compile(r"(/(?!\.+(/|\Z))[A-Za-z0-9._~-]+)+")
Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


class PrefixFix:
    """Takes the path that proxies stripped, as X-Forwarded-Prefix says, for the application's root.

    ProxyFix could do it, but would believe any text, and only where every proxy sends one.
    """

    def __init__(self, app: Wsgi, proxies: int):
        self._app, self._proxies = app, proxies

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request."""
        sent = environ.get("HTTP_X_FORWARDED_PREFIX", "").split(",")[-self._proxies :]
        prefix = "".join(value.strip().rstrip("/") for value in sent)
        if PREFIX.fullmatch(prefix):
            environ["SCRIPT_NAME"] = prefix
        return self._app(environ, start_response)


def public(path: str) -> str:
    """Return a path of this application as the client has to ask for it, if one asks now."""
    return request.script_root + path if has_request_context() else path


def init_app(app: Flask, settings: Settings) -> None:
    """Believes as many proxies as the setting says."""
    if n := settings.trusted_proxies:
        prefixed = PrefixFix(app.wsgi_app, n)
        app.wsgi_app = ProxyFix(prefixed, x_for=n, x_proto=n, x_host=n)  # type: ignore[method-assign]
