"""Statements handed to the driver: the same rows as SQLAlchemy's, in the same transaction."""

import pytest
from sqlalchemy import bindparam, func, insert, select, update

from study_server.models import Item
from study_server.served import Served
from study_server.statements import Statement

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
