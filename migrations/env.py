"""Runs the migrations on the application's own engine, or on a connection that was handed over."""

import sqlalchemy as sa
from alembic import context
from flask import current_app

from helpdesk_web.database import Moment, db
from helpdesk_web.models.types import Ranked, Word

config = context.config


def plain(kind, item, _autogen):
    """Write column types in SQLAlchemy's own words: a migration must not change when the package does."""
    if kind == "type":
        if isinstance(item, Moment):
            return "sa.DateTime(timezone=True)"
        if isinstance(item, Word):
            return f"sa.String(length={item.impl.length})"
        if isinstance(item, Ranked):
            return "sa.SmallInteger()"
        if isinstance(item, sa.JSON):
            return "sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')"
    return False


def migrate(connection):
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        render_item=plain,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("The migrations need the database: run them with `helpdesk migrate`.")

given = config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    with current_app.app_context(), db.engine.connect().execution_options(writing=True) as own:
        migrate(own)
