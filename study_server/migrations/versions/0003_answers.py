"""An answer is the task's JSON, so that a question more needs no column.

The names here are those of the rating task, whose answers are the only ones that a database of
revision 0002 can hold.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from benchmark.core.errors import BenchError

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

CHUNK = 5000  # rows read and written at once
OLD = {"consistent": False, "single": False, "category": "", "label": ""}  # and what they lack


def _judgments() -> sa.TableClause:
    flags = [sa.column(name, sa.Boolean) for name in ("consistent", "single")]
    texts = [sa.column(name, sa.String) for name in ("category", "label", "answer")]
    return sa.table("judgment", sa.column("id", sa.Integer), *flags, *texts)


def upgrade() -> None:
    with op.batch_alter_table("judgment") as table:
        table.add_column(sa.Column("answer", sa.String(), nullable=True))
    judgment = _judgments()
    for rows in _chunks(sa.select(judgment.c.id, *(judgment.c[name] for name in OLD))):
        _update(
            judgment,
            [{"row": row.id, "answer": _dumped(_answer(row))} for row in rows],
            "answer",
        )
    with op.batch_alter_table("judgment") as table:
        table.alter_column("answer", existing_type=sa.String(), nullable=False)
        for name in OLD:
            table.drop_column(name)
    _rewrite_tries(lambda said: {"consistent": said[0], "single": said[1]})


def downgrade() -> None:
    with op.batch_alter_table("judgment") as table:
        for name, empty in OLD.items():
            kind = sa.Boolean() if empty is False else sa.String()
            table.add_column(sa.Column(name, kind, nullable=True))
    judgment = _judgments()
    for rows in _chunks(sa.select(judgment.c.id, judgment.c.answer)):
        answers = [(row.id, json.loads(row.answer)) for row in rows]
        for _, answer in answers:
            if not {"consistent", "single"} <= answer.keys() <= OLD.keys():
                raise BenchError(
                    "revision 0002 has no place for answers to other questions than those of the "
                    "rating task; the database stays at 0003"
                )
        _update(judgment, [{"row": row, **OLD, **answer} for row, answer in answers], *OLD)
    with op.batch_alter_table("judgment") as table:
        for name, empty in OLD.items():
            kind = sa.Boolean() if empty is False else sa.String()
            table.alter_column(name, existing_type=kind, nullable=False)
        table.drop_column("answer")
    _rewrite_tries(lambda said: [said["consistent"], said["single"]])


def _answer(row: sa.Row[Any]) -> dict[str, Any]:
    given = {name: getattr(row, name) for name in OLD}
    return {name: value for name, value in given.items() if value != ""}


def _dumped(answer: Any) -> str:
    return json.dumps(answer, ensure_ascii=False)


def _chunks(query: sa.Select[Any]) -> Iterator[Sequence[sa.Row[Any]]]:
    """The rows of a query by id, a few thousand at a time."""
    last = -1
    column = query.selected_columns[0]
    while (
        rows := op.get_bind()
        .execute(query.where(column > last).order_by(column).limit(CHUNK))
        .all()
    ):
        yield rows
        last = rows[-1][0]


def _update(table: sa.TableClause, rows: list[dict[str, Any]], *names: str) -> None:
    if rows:
        statement = sa.update(table).where(table.c.id == sa.bindparam("row"))
        values: dict[str, Any] = {name: sa.bindparam(name) for name in names}
        op.get_bind().execute(statement.values(values), rows)


def _rewrite_tries(change: Callable[[Any], Any]) -> None:
    tries = sa.table("quiz_try", sa.column("id", sa.Integer), sa.column("answers", sa.String))
    for rows in _chunks(sa.select(tries.c.id, tries.c.answers)):
        changed = [
            {"row": row.id, "answers": _dumped([change(said) for said in json.loads(row.answers)])}
            for row in rows
        ]
        _update(tries, changed, "answers")
