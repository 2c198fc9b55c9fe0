"""People may withdraw: tombstones, consent texts as shown, and answers that the database keeps."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SAID = "annotator_id, item_id, repeat, revision, answer"  # what an answer is
ONLY_ADDED = "answers are only ever added, and deleted for who withdrew alone"
OF_SQLITE = {
    "judgment_same": f"BEFORE UPDATE OF {SAID} ON judgment",
    "judgment_stays": "BEFORE DELETE ON judgment WHEN NOT EXISTS "
    "(SELECT 1 FROM erasure WHERE erasure.annotator_id = OLD.annotator_id)",
    "erasure_same": "BEFORE UPDATE ON erasure",
    "erasure_stays": "BEFORE DELETE ON erasure",
}
OF_POSTGRESQL = {
    "judgment_same": f"BEFORE UPDATE OF {SAID} ON judgment",
    "judgment_stays": "BEFORE DELETE ON judgment",
    "erasure_stays": "BEFORE UPDATE OR DELETE ON erasure",
}
FUNCTION = f"""
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'judgment' AND TG_OP = 'DELETE' THEN
        IF EXISTS (SELECT 1 FROM erasure WHERE annotator_id = OLD.annotator_id) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION '{ONLY_ADDED}' USING ERRCODE = 'integrity_constraint_violation';
END $$
"""


def upgrade() -> None:
    op.create_table(
        "consent_text",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("first_agreed_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_consent_text")),
    )
    op.add_column(
        "annotator", sa.Column("consent_sha256", sa.String(), nullable=False, server_default="")
    )
    op.create_table(
        "erasure",
        sa.Column("annotator_id", sa.Integer(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.CheckConstraint("who IN ('participant', 'staff')", name=op.f("ck_erasure_who")),
        sa.ForeignKeyConstraint(
            ["annotator_id"], ["annotator.id"], name=op.f("fk_erasure_annotator_id_annotator")
        ),
        sa.PrimaryKeyConstraint("annotator_id", name=op.f("pk_erasure")),
    )
    if op.get_bind().dialect.name == "sqlite":
        for name, when in OF_SQLITE.items():
            op.execute(
                f"CREATE TRIGGER {name} {when} BEGIN SELECT RAISE(ABORT, '{ONLY_ADDED}'); END"
            )
    elif op.get_bind().dialect.name == "postgresql":
        op.execute(FUNCTION)
        for name, when in OF_POSTGRESQL.items():
            op.execute(
                f"CREATE TRIGGER {name} {when} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )


def downgrade() -> None:
    """Earlier versions know of nobody who withdrew: such a person counts as one who declined."""
    if op.get_bind().dialect.name == "sqlite":
        for name in OF_SQLITE:
            op.execute(f"DROP TRIGGER {name}")
    elif op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change CASCADE")
    op.execute("UPDATE annotator SET stage = 'declined' WHERE stage = 'withdrawn'")
    op.drop_table("erasure")
    op.drop_column("annotator", "consent_sha256")
    op.drop_table("consent_text")
