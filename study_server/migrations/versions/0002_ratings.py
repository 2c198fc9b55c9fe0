"""Ratings are counted at the item, so that finding the least filled does not slow down."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

COLUMNS = {"ratings": False, "simulated_ratings": True}


def upgrade() -> None:
    assignment = sa.table(
        "assignment",
        sa.column("item_id", sa.String),
        sa.column("repeat", sa.Integer),
        sa.column("simulated", sa.Boolean),
        sa.column("judged", sa.Boolean),
    )
    for name, simulated in COLUMNS.items():
        op.add_column("item", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
        item = sa.table("item", sa.column("id", sa.String), sa.column(name, sa.Integer))
        count = (
            sa.select(sa.func.count())
            .where(
                assignment.c.item_id == item.c.id,
                assignment.c.repeat == 0,
                assignment.c.simulated == sa.literal(simulated),
                assignment.c.judged,
            )
            .scalar_subquery()
        )
        op.execute(sa.update(item).values({name: count}))


def downgrade() -> None:
    for name in COLUMNS:
        op.drop_column("item", name)
