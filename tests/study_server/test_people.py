"""Who took part, as others may know them: every column is given or kept back, on purpose."""

import json

from sqlalchemy import update

from study_server import annotators
from study_server.models import Annotator
from study_server.people import DERIVED, GIVEN, KEPT_BACK, WORDS, people_in


def test_every_column_of_the_schema_is_given_with_words_or_kept_back_with_a_reason() -> None:
    columns = {column.name for column in Annotator.__table__.columns}
    assert not set(GIVEN) & set(KEPT_BACK)
    assert columns == {*GIVEN, *KEPT_BACK}
    assert all(KEPT_BACK.values())
    assert all(len(words) > 10 for words in WORDS.values())


def test_times_spent_and_no_number_of_a_service(served) -> None:
    (token,) = annotators.invite(served.store, served.links, 1, served.clock())
    annotators.invite(served.store, served.links, 1, served.clock(), simulated="careful")
    number = "5f7c1e0a9b3d4c2e8a6f0123"
    values = {
        "outside": json.dumps({"PROLIFIC_PID": number}),
        "outside_id": number,
        "consented_at": 1_800_000_030.0,
        "finished_at": 1_800_000_030.0 + 12.5 * 60,
        "stage": "finished",
    }
    served.store.write(
        lambda db: db.execute(update(Annotator).where(Annotator.simulated == "").values(values))
    )
    with served.store.read() as db:
        frame, bots = people_in(db), people_in(db, simulated=True)
    assert list(frame) == [*[name for name, _ in GIVEN.values()], *DERIVED]
    assert frame["annotator"].tolist() == [served.links.read(token)]
    assert len(bots) == 1
    assert frame["minutes"].tolist() == [12.5]
    assert str(frame["consented_at"][0]) == "2027-01-15 08:00:00+00:00"
    assert number not in frame.to_csv()
