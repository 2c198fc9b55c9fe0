"""Statements handed to the driver: the same rows as SQLAlchemy's, in the same transaction."""

import pytest
from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.exc import InternalError
from sqlalchemy.orm import Session

from study_server import revisions
from study_server.bundle import Bundle
from study_server.decisions import Decision, decisions
from study_server.models import Item, Judgment
from study_server.served import Served, open_study
from study_server.statements import Statement
from tests.postgres import Postgres

from .test_assignment import judge, newcomer

KIND = select(Item.id, Item.kind, Item.ratings + 7).where(Item.kind == bindparam("kind"))
ADD = Statement(insert(Item))
RATE = Statement(update(Item).where(Item.id == bindparam("which")).values(ratings=3))


def count(served: Served) -> int:
    with served.store.read() as db:
        return db.execute(select(func.count(Item.id))).scalar_one()


def test_rows_are_those_of_sqlalchemy(served: Served) -> None:
    statement = Statement(KIND.order_by(Item.id))
    with served.store.look() as db, served.store.engine.connect() as whole:
        for kind in ("direction", "good", "nonsense"):
            expected = whole.execute(KIND.order_by(Item.id), {"kind": kind}).all()
            assert statement.run(db, kind=kind) == [tuple(row) for row in expected]
        assert len(statement.run(db, kind="direction")) == 18


def test_a_value_that_is_missing_is_no_null(served: Served) -> None:
    with served.store.look() as db, pytest.raises(KeyError, match="kind"):
        Statement(KIND).run(db)


def test_a_read_begins_a_transaction_of_its_connection(served: Served) -> None:
    statement = Statement(KIND)
    with served.store.look() as db:
        before = len(statement.run(db, kind="still"))
        assert db.in_transaction()
        served.store.write(
            lambda db: ADD.run(
                db.connection(), id="new", kind="still", ratings=0, simulated_ratings=0
            )
        )
        assert len(statement.run(db, kind="still")) == before  # one state, however long it takes
    with served.store.look() as db:
        assert len(statement.run(db, kind="still")) == before + 1


def test_what_is_read_of_postgresql_is_of_one_state_and_changes_nothing(
    bundle: Bundle, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = open_study(bundle, postgres.new_database())

    def known(session: Session) -> tuple[Decision, ...]:  # somebody comes and answers meanwhile
        judge(study, newcomer(study), 0)
        return decisions(session)

    monkeypatch.setattr(revisions, "decisions", known)
    with study.store.read() as db:
        assert list(revisions.parts_in(db, bundle)) == []  # nobody had answered when it began
        with pytest.raises(InternalError, match="read-only"):
            db.execute(delete(Judgment))
    seen = Statement(select(func.count(Judgment.id)))
    with study.store.look() as db:
        assert seen.run(db) == [(1,)]
        judge(study, newcomer(study), 0)
        assert seen.run(db) == [(1,)]
        with pytest.raises(Exception, match="read-only"):
            Statement(delete(Judgment)).run(db)
    with study.store.look() as db:
        assert seen.run(db) == [(2,)]
    for _ in range(4):  # also on the connections that have read
        newcomer(study)
    study.store.close()


def test_what_fails_stores_nothing_of_it(served: Served) -> None:
    before = count(served)

    def work(session) -> None:
        db = session.connection()
        ADD.run(db, id="new", kind="still", ratings=0, simulated_ratings=0)
        RATE.run(db, which="new")
        assert db.execute(select(Item.ratings).where(Item.id == "new")).scalar_one() == 3
        raise ValueError("after the insert")

    with pytest.raises(ValueError, match="after the insert"):
        served.store.write(work)
    assert count(served) == before
