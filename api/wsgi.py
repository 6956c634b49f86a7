"""The object that gunicorn loads."""

from api.app import create_app
from api.config import write_privately

write_privately()
app = create_app()
