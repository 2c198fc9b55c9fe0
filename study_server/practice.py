"""The practice on its way: one example a page, and what was said so far in the visitor's cookie,
with whose it is: another person who comes in by this browser begins anew.

All examples together are one try, which alone is stored. After a wrong one the right answers stay,
and the examples that are left come again with their hints.
"""

from collections.abc import Mapping

from flask import session

from study_server.bundle import Bundle
from study_server.tasks.question import OTHER, Answer, Fault


class Practice:
    """The present try. who: the public id of whose it is. kept: where in the session it lies."""

    def __init__(self, bundle: Bundle, who: str, kept: str = "practice"):
        self.bundle, self.who, self.kept = bundle, who, kept
        found = session.get(kept, {})
        self.fields: dict[str, str] = dict(found["fields"]) if found.get("who") == who else {}

    def hear(self, form: Mapping[str, str]) -> None:
        """Take in what a form says of any example; the latest counts."""
        for n in range(len(self.bundle.quiz)):
            for name in self._names(n):
                if name in form:
                    self.fields[name] = form[name]
        self._keep()

    @property
    def answers(self) -> list[Answer | None]:
        """By example; None for one that is not answered, or not as one can."""
        return [self._answer(n) for n in range(len(self.bundle.quiz))]

    @property
    def next(self) -> int | None:
        """The first example that is not answered; None where all are."""
        answers = self.answers
        return answers.index(None) if None in answers else None

    def is_next(self, form: Mapping[str, str]) -> bool:
        """Whether a form is that of the next example; not so one that was sent twice."""
        n = self.next
        names = () if n is None else self._names(n)
        return form.get("example") == str(n) or any(name in form for name in names)

    def again(self, right: list[bool]) -> None:
        """Forget the wrong answers, so that their examples come again."""
        for n, good in enumerate(right):
            for name in self._names(n) if not good else ():
                self.fields.pop(name, None)
        self._keep()

    def end(self) -> None:
        session.pop(self.kept, None)

    def _keep(self) -> None:
        session[self.kept] = {"who": self.who, "fields": self.fields}

    def _names(self, n: int) -> list[str]:
        quiz = self.bundle.task.quiz
        return [f"{q.name}-{n}{own}" for q in quiz for own in ("", f"-{OTHER}")]

    def _answer(self, n: int) -> Answer | None:
        try:
            said = {q.name: q.parse(self.fields, f"-{n}") for q in self.bundle.task.quiz}
        except Fault:
            return None
        return {name: value for name, value in said.items() if value is not None}
