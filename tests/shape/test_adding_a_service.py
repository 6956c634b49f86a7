"""A new service is one new folder: nothing else is edited to see it documented and answering."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from servers import environment

from api.config import ROOT

TRANSLATE = {
    "__init__.py": '"""Translation, more or less."""',
    "routes.py": """
from dataclasses import asdict
from flask_restx import Resource
from api.http.auth import signed_in
from api.http.restx import takes
from api.services.translate import schemas, service
from api.services.translate.schemas import namespace

@namespace.route("")
class Translate(Resource):
    @signed_in(namespace)
    @takes(namespace, schemas.question)
    @namespace.response(200, "The translation", schemas.answer)
    def post(self, body):
        "Translate a text."
        return asdict(service.translate(body["text"]))
""",
    "schemas.py": """
from flask_restx import Namespace, fields
from api.http.restx import model

namespace = Namespace("translate", description="Translation.")
question = model(namespace, "Question", text=fields.String(required=True, max_length=100))
answer = model(namespace, "Answer", text=fields.String(required=True))
""",
    "service.py": """
import importlib
from dataclasses import dataclass
from api.services.translate.engines import ENGINES

@dataclass(frozen=True)
class Translation:
    text: str

def translate(text):
    module, _, kind = ENGINES["backwards"].partition(":")
    return Translation(getattr(importlib.import_module(module), kind)().translated(text))
""",
    "engines/__init__.py": """
ENGINES = {"backwards": "api.services.translate.engines.backwards:Backwards"}

def chooser(settings):
    return lambda entry: "backwards"
""",
    "engines/backwards.py": """
class Backwards:
    def translated(self, text):
        return text[::-1]
""",
}
USE = """
import json
from api import app as application
from api.extensions import db

app = application.create_app()
with app.app_context():
    db.create_all()
client = app.test_client()
person = {"email": "ada@example.com", "password": "ten thousand small lamps"}
client.post("/api/v1/auth/register", json=person)
token = client.post("/api/v1/auth/login", json=person).get_json()["access_token"]
bearer = {"Authorization": "Bearer " + token}

def post(headers, body):
    answer = client.post("/api/v1/translate", json=body, headers=headers)
    return [answer.status_code, answer.get_json().get("text")]

print(json.dumps({
    "where": application.__file__,
    "documented": client.get("/openapi.json").get_json()["paths"].get("/translate"),
    "answers": [post({}, {}), post(bearer, {}), post(bearer, {"text": "abc"})],
}))
"""


def test_one_folder_is_enough(tmp_path: Path) -> None:
    """In a copy of the package with the folder added, the route is documented and answers."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "api", tmp_path / "api", ignore=ignored)
    shutil.copytree(ROOT / "models_store", tmp_path / "models_store", ignore=ignored)
    for name, text in TRANSLATE.items():
        file = tmp_path / "api" / "services" / "translate" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", USE],
        env=environment(tmp_path, PYTHONPATH=str(tmp_path)),
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["where"].startswith(str(tmp_path))
    assert told["answers"] == [[401, None], [422, None], [200, "cba"]]
    operation = told["documented"]["post"]
    assert operation["operationId"] == "post_translate"
    assert {"200", "400", "401", "403", "413", "415", "422"} <= set(operation["responses"])
