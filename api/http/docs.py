"""Swagger UI, offline, and the two documents that describe the API."""

from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    has_request_context,
    jsonify,
    redirect,
    render_template,
)
from flask_babel import force_locale
from flask_restx.swagger import extract_path
from werkzeug.wrappers import Response as BaseResponse

from api.http.errors import TITLES
from api.http.openapi import convert, strict
from api.http.proxies import public

docs = Blueprint(
    "docs",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/docs/static",
)


def swagger() -> dict[str, Any]:
    """Return the document that flask-restx makes: Swagger 2.0, with what only we understand."""
    if not has_request_context():
        with current_app.test_request_context():
            return swagger()
    api = current_app.extensions["api"]
    # flask-restx keeps what it made for the first request, its path included.
    return {**api.__schema__, "basePath": public(api.prefix)}


def openapi() -> dict[str, Any]:
    """The OpenAPI 3.0.3 document."""
    with force_locale("en"):
        titles = {status: str(title) for status, title in TITLES.items()}
    return convert(swagger(), titles, _paths())


def _paths() -> list[str]:
    """Return the paths as they were registered; flask-restx sorts them."""
    api = current_app.extensions["api"]
    routes = [(ns, route.urls) for ns in api.namespaces for route in ns.resources]
    return [extract_path(url) for ns, urls in routes for url in api.ns_urls(ns, urls)]


@docs.get("/")
def home() -> BaseResponse:
    """To the documentation."""
    return redirect(public("/docs"), 302)


@docs.get("/docs")
def ui() -> str:
    """Swagger UI."""
    return render_template("docs.html", root=public(""))


@docs.get("/openapi.json")
def openapi_json() -> Response:
    """OpenAPI 3.0.3."""
    return jsonify(openapi())


@docs.get("/swagger.json")
def swagger_json() -> Response:
    """Swagger 2.0."""
    return jsonify(strict(swagger()))


def init_app(app: Flask) -> None:
    """Serves the page, its files and the documents."""
    app.register_blueprint(docs)
