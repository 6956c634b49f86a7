"""Headers that every answer carries."""

from flask import Flask, Response, request

API_POLICY = "default-src 'none'; frame-ancestors 'none'"
DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src blob:; font-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
DOCS_PATHS = ("/docs", "/swaggerui/")


def harden(response: Response) -> Response:
    """Adds what keeps browsers and caches from doing harm."""
    docs = request.path.startswith(DOCS_PATHS)
    headers = response.headers
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["X-Frame-Options"] = "DENY"
    headers["Content-Security-Policy"] = DOCS_POLICY if docs else API_POLICY
    if not docs:
        headers.setdefault("Cache-Control", "no-store")
    return response


def init_app(app: Flask) -> None:
    """Adds the headers to every answer, errors too."""
    app.after_request(harden)
