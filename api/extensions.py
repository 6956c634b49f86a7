"""The Flask extensions, as objects only; `create_app` binds them."""

from flask_babel import Babel
from flask_cors import CORS
from flask_jwt_extended import JWTManager
from flask_sqlalchemy import SQLAlchemy

from api.models import Base

# What was committed can be shown without asking again, even if somebody deletes it meanwhile.
db = SQLAlchemy(metadata=Base.metadata, session_options={"expire_on_commit": False})
jwt = JWTManager()
cors = CORS()
babel = Babel()
