"""Runs migrations on the connection that `Store.migrate` hands over."""

from alembic import context

from study_server.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    transactional_ddl=False,  # the caller's transaction holds all revisions
)
context.run_migrations()
