"""A service that sleeps: what jobs do when workers die can be seen without computing anything.

`copy_with_nap` makes a copy of the package that has one folder more, as anybody would add one.
"""

import shutil
from pathlib import Path

from api.config import ROOT

FILES = {
    "__init__.py": '"""Sleeping."""',
    "routes.py": '''
from flask_restx import Resource
from api.http.auth import signed_in
from api.http.deferral import respond_async
from api.http.idempotency import idempotent
from api.http.inference import inference
from api.http.restx import takes
from api.services.nap import schemas, service
from api.services.nap.schemas import namespace

@namespace.route("")
class Nap(Resource):
    @signed_in(namespace)
    @takes(namespace, schemas.wish)
    @idempotent(namespace)
    @respond_async(namespace)
    @namespace.response(200, "Slept", schemas.answer)
    def post(self, body):
        """Sleep in this process, or in a child of it."""
        with inference("nap", body) as run:
            slept = service.sleep(run.lend(), body["seconds"], body["child"], run.watch)
            return run.answer(None, name=body["name"], slept=slept)
''',
    "schemas.py": """
from flask_restx import Namespace, fields
from api.http.inference import ANSWER_FIELDS
from api.http.restx import model

namespace = Namespace("nap", description="Sleep.")
wish = model(
    namespace, "Wish", name=fields.String(required=True), seconds=fields.Float(required=True),
    child=fields.Boolean(required=True), callback_url=fields.String(),
)
answer = model(
    namespace, "Answer", **ANSWER_FIELDS, name=fields.String(required=True),
    slept=fields.Float(required=True),
)
""",
    "service.py": """
from api.enginekit import guests
from api.errors import Unusable
from api.services.nap import guest

STEPS = 10

def sleep(model, seconds, child, watch):
    for step in range(STEPS):
        if child:
            lost = Unusable("The child was lost.", "child_lost")
            guests.call(guest.sleep, seconds / STEPS, seconds=60, lost=lost)
        else:
            model.engine.sleep(seconds / STEPS)
        watch.progress(step + 1, STEPS)
    return seconds
""",
    "guest.py": """
import time

def sleep(seconds):
    time.sleep(seconds)
""",
    "engines/__init__.py": """
ENGINES = {"bed": "api.services.nap.engines.bed:Bed"}

def chooser(settings):
    return lambda entry: "bed"
""",
    "engines/bed.py": """
import time

class Bed:
    def __init__(self, folder, entry):
        pass

    def warm_up(self):
        pass

    def sleep(self, seconds):
        time.sleep(seconds)
""",
}
ENTRY = """
[bed]
task = "nap"
title = "A bed"
languages = []
licence = "none"
rank = 1
embedded = true
package = "click"
engines = { bed = "core.py" }
"""


def copy_with_nap(folder: Path) -> Path:
    """A copy of the project's package that has the service; to be put into PYTHONPATH."""
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("api", "models_store", "migrations"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name, text in FILES.items():
        file = folder / "api" / "services" / "nap" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    with (folder / "models_store" / "catalog.toml").open("a") as catalogue:
        catalogue.write(ENTRY)
    return folder
