"""Personal links have names and last days."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "annotator", sa.Column("invited_as", sa.String(), nullable=False, server_default="")
    )
    op.add_column("annotator", sa.Column("deadline", sa.Double(), nullable=True))


def downgrade() -> None:
    op.drop_column("annotator", "deadline")
    op.drop_column("annotator", "invited_as")
