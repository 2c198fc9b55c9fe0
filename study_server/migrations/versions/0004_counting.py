"""A quota counts what will count: who counts, staff's exclusions, leases with a sign of life."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Everybody counts until the rules have been asked, which happens when the study is opened."""
    op.add_column(
        "annotator",
        sa.Column("counts", sa.Boolean(), nullable=False, server_default=sa.true()),
    )
    op.add_column("annotator", sa.Column("waiting_since", sa.Double(), nullable=True))
    op.add_column(
        "assignment", sa.Column("leased_at", sa.Double(), nullable=False, server_default="0")
    )
    op.execute(sa.text("UPDATE assignment SET leased_at = lease_until"))
    op.create_table(
        "exclusion",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("annotator_id", sa.Integer(), nullable=False),
        sa.Column("excluded", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["annotator_id"], ["annotator.id"], name=op.f("fk_exclusion_annotator_id_annotator")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exclusion")),
    )
    op.create_index(op.f("ix_exclusion_annotator_id"), "exclusion", ["annotator_id"])
    op.create_table(
        "screened",
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("judgment_id", sa.Integer(), nullable=False),
        sa.Column("again_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("simulated", name=op.f("pk_screened")),
    )
    op.create_table(
        "arrivals",
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_arrivals")),
    )


def downgrade() -> None:
    """All ratings fill places again, whoever gave them."""
    for name, of_kind in {"ratings": "NOT simulated", "simulated_ratings": "simulated"}.items():
        op.execute(
            sa.text(
                f"UPDATE item SET {name} = (SELECT count(*) FROM assignment "
                f"WHERE assignment.item_id = item.id AND repeat = 0 AND judged AND {of_kind})"
            )
        )
    for table in ("arrivals", "screened", "exclusion"):
        op.drop_table(table)
    op.drop_column("assignment", "leased_at")
    op.drop_column("annotator", "waiting_since")
    op.drop_column("annotator", "counts")
