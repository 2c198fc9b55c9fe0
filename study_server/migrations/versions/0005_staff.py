"""Sign-ins of the staff are kept here, so that they can be ended."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "staff_session",
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("password_sha256", sa.String(), nullable=False),
        sa.Column("browser", sa.String(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("token_sha256", name="pk_staff_session"),
    )


def downgrade() -> None:
    op.drop_table("staff_session")
