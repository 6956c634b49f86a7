"""The Flask extensions, as objects only; `create_app` binds them."""

from flask_babel import Babel
from flask_cors import CORS
from flask_jwt_extended import JWTManager
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState

from api.models import Base

# What was committed can be shown without asking again, even if somebody deletes it meanwhile.
db = SQLAlchemy(metadata=Base.metadata, session_options={"expire_on_commit": False})


@event.listens_for(db.session, "do_orm_execute")
def _trust_only_the_database(statement: ORMExecuteState) -> None:
    """Refresh objects that a query finds; leave them alone where an UPDATE or DELETE runs.

    SQLAlchemy would keep what it read before, and would guess which objects an UPDATE changes.
    Both are wrong once another process has written in between.
    """
    if statement.is_select and not statement.is_column_load:
        statement.update_execution_options(populate_existing=True)
    elif statement.is_update or statement.is_delete:
        statement.update_execution_options(synchronize_session=False)


jwt = JWTManager()
cors = CORS()
babel = Babel()
